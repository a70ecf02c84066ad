// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.codec;

import io.netty.buffer.ByteBuf;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/** The elements every message is made of (PostgreSQL manual 54.6): header, Int16/Int32 (big-endian, as ByteBuf), String (zero-terminated). */
public final class Frames {

    /** Bytes before a message's body: type and length. */
    public static final int HEADER_BYTES = 5;

    /** Names of statements and portals are opaque: one char per byte, whatever the client's encoding. */
    public static final Charset NAMES = StandardCharsets.ISO_8859_1;

    private Frames() {}

    /** Writes a header whose length {@link #end} fills in. @return where the length stands */
    public static int begin(ByteBuf out, char type) {
        out.writeByte(type);
        int at = out.writerIndex();
        out.writeInt(0);
        return at;
    }

    public static void end(ByteBuf out, int lengthAt) {
        out.setInt(lengthAt, out.writerIndex() - lengthAt);
    }

    /** A message without body. */
    public static void empty(ByteBuf out, char type) {
        out.writeByte(type).writeInt(4);
    }

    public static void writeString(ByteBuf out, String text, Charset charset) {
        out.writeCharSequence(text, charset);
        out.writeByte(0);
    }

    public static String readString(ByteBuf in, Charset charset) {
        int length = in.bytesBefore((byte) 0);
        if (length < 0) {
            throw new ProtocolViolationException("invalid string in message");
        }
        String text = in.toString(in.readerIndex(), length, charset);
        in.skipBytes(length + 1);
        return text;
    }

    /** A string of which no byte may be lost: what is not text in this charset is a violation, not a replacement character. */
    public static String readText(ByteBuf in, Charset charset) {
        int length = in.bytesBefore((byte) 0);
        if (length < 0) {
            throw new ProtocolViolationException("invalid string in message");
        }
        try {
            String text = charset.newDecoder().decode(in.nioBuffer(in.readerIndex(), length)).toString();
            in.skipBytes(length + 1);
            return text;
        } catch (CharacterCodingException e) {
            throw new ProtocolViolationException("invalid byte sequence for encoding " + charset);
        }
    }

    /** Reads bytes the message announced. */
    public static byte[] readBytes(ByteBuf in, int length) {
        requireReadable(in, length);
        byte[] bytes = new byte[length];
        in.readBytes(bytes);
        return bytes;
    }

    public static short readShort(ByteBuf in) {
        requireReadable(in, 2);
        return in.readShort();
    }

    public static int readInt(ByteBuf in) {
        requireReadable(in, 4);
        return in.readInt();
    }

    public static byte readByte(ByteBuf in) {
        requireReadable(in, 1);
        return in.readByte();
    }

    private static void requireReadable(ByteBuf in, int length) {
        if (length < 0 || in.readableBytes() < length) {
            throw new ProtocolViolationException("insufficient data left in message");
        }
    }
}
