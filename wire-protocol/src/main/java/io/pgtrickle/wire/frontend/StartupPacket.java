// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.frontend;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.wire.codec.Frames;
import io.pgtrickle.wire.codec.ProtocolViolationException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** What may open a connection: {@code Int32 length, Int32 code, …}; no type byte. Codes 1234.x are requests, others protocol versions. */
public sealed interface StartupPacket {

    int CANCEL_CODE = 1234 << 16 | 5678;
    int SSL_CODE = 1234 << 16 | 5679;
    int GSSENC_CODE = 1234 << 16 | 5680;
    int MAX_CANCEL_KEY_BYTES = 256;

    void write(ByteBuf out);

    /** {@code Int32 8, Int32 80877103}. */
    record SslRequest() implements StartupPacket {
        @Override
        public void write(ByteBuf out) {
            out.writeInt(8).writeInt(SSL_CODE);
        }
    }

    /** {@code Int32 8, Int32 80877104}. */
    record GssEncRequest() implements StartupPacket {
        @Override
        public void write(ByteBuf out) {
            out.writeInt(8).writeInt(GSSENC_CODE);
        }
    }

    /** {@code Int32 length, Int32 80877102, Int32 processId, Byten secretKey} (4 bytes in protocol 3.0, up to 256 since 3.2). */
    record CancelRequest(int processId, byte[] secretKey) implements StartupPacket {
        @Override
        public void write(ByteBuf out) {
            out.writeInt(12 + secretKey.length).writeInt(CANCEL_CODE).writeInt(processId).writeBytes(secretKey);
        }
    }

    /**
     * {@code Int32 length, Int16 major, Int16 minor, {String name, String value}…, Byte1(0)}.
     *
     * @param parameters in the client's order; a repeated name keeps its last value, as in PostgreSQL
     * @param charset what the strings were decoded with, so that they are written as the bytes they were
     */
    record StartupMessage(int major, int minor, SequencedMap<String, String> parameters, Charset charset)
            implements StartupPacket {

        public StartupMessage {
            parameters = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(parameters));
        }

        @Override
        public void write(ByteBuf out) {
            int start = out.writerIndex();
            out.writeInt(0).writeShort(major).writeShort(minor);
            parameters.forEach((name, value) -> {
                Frames.writeString(out, name, charset);
                Frames.writeString(out, value, charset);
            });
            out.writeByte(0);
            out.setInt(start, out.writerIndex() - start);
        }
    }

    /** @param packet a whole packet, with its length */
    static StartupPacket read(ByteBuf packet) {
        packet.skipBytes(4);
        int code = Frames.readInt(packet);
        return switch (code) {
            case SSL_CODE -> new SslRequest();
            case GSSENC_CODE -> new GssEncRequest();
            case CANCEL_CODE -> cancelRequest(packet);
            default -> startupMessage(code >>> 16, code & 0xffff, packet);
        };
    }

    private static CancelRequest cancelRequest(ByteBuf packet) {
        int processId = Frames.readInt(packet);
        int length = packet.readableBytes();
        if (length == 0 || length > MAX_CANCEL_KEY_BYTES) {
            throw new ProtocolViolationException("invalid length of cancel request packet");
        }
        return new CancelRequest(processId, Frames.readBytes(packet, length));
    }

    private static StartupMessage startupMessage(int major, int minor, ByteBuf packet) {
        Charset charset = charsetOf(packet);
        var parameters = new LinkedHashMap<String, String>();
        // Other major versions have another layout; the version is all we need to refuse them.
        while (major == 3) {
            String name = Frames.readString(packet, charset);
            if (name.isEmpty()) {
                break;
            }
            parameters.put(name, Frames.readString(packet, charset));
        }
        if (major == 3 && packet.isReadable()) {
            throw new ProtocolViolationException("invalid startup packet layout: expected terminator as last byte");
        }
        return new StartupMessage(major, minor, parameters, charset);
    }

    /** Names are in no declared encoding: UTF-8 if they can be, else one char per byte. */
    private static Charset charsetOf(ByteBuf packet) {
        ByteBuffer bytes = packet.nioBuffer();
        try {
            StandardCharsets.UTF_8.newDecoder().decode(bytes);
            return StandardCharsets.UTF_8;
        } catch (CharacterCodingException notUtf8) {
            return StandardCharsets.ISO_8859_1;
        }
    }
}
