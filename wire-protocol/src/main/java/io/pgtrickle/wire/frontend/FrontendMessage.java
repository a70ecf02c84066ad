// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.frontend;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.wire.codec.Frames;
import io.pgtrickle.wire.codec.ProtocolViolationException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The client's messages the proxy understands or sends itself; CopyData, FunctionCall and authentication answers only pass by. Names of
 * statements and portals are opaque, one char per byte ({@link Frames#NAMES}).
 */
public sealed interface FrontendMessage {

    /** Writes the whole message. @param charset the session's client_encoding, for SQL text */
    void write(ByteBuf out, Charset charset);

    /** {@code 'Q', Int32 length, String sql}. */
    record Query(String sql) implements FrontendMessage {

        public static Query read(ByteBuf frame, Charset charset) {
            frame.skipBytes(Frames.HEADER_BYTES);
            return new Query(Frames.readText(frame, charset));
        }

        @Override
        public void write(ByteBuf out, Charset charset) {
            int at = Frames.begin(out, FrontendType.QUERY);
            Frames.writeString(out, sql, charset);
            Frames.end(out, at);
        }
    }

    /** {@code 'P', Int32 length, String statement, String sql, Int16 n, Int32 typeOid × n}. */
    record Parse(String statement, String sql, List<Integer> parameterTypes) implements FrontendMessage {

        public Parse {
            parameterTypes = List.copyOf(parameterTypes);
        }

        public static Parse read(ByteBuf frame, Charset charset) {
            frame.skipBytes(Frames.HEADER_BYTES);
            String statement = Frames.readString(frame, Frames.NAMES);
            String sql = Frames.readText(frame, charset);
            int count = Short.toUnsignedInt(Frames.readShort(frame));
            var types = new ArrayList<Integer>();
            for (int i = 0; i < count; i++) {
                types.add(Frames.readInt(frame));
            }
            return new Parse(statement, sql, types);
        }

        @Override
        public void write(ByteBuf out, Charset charset) {
            int at = Frames.begin(out, FrontendType.PARSE);
            Frames.writeString(out, statement, Frames.NAMES);
            Frames.writeString(out, sql, charset);
            out.writeShort(parameterTypes.size());
            parameterTypes.forEach(out::writeInt);
            Frames.end(out, at);
        }
    }

    /**
     * {@code 'B', Int32 length, String portal, String statement, Int16 n, Int16 format × n, Int16 n, {Int32 length or -1, Byten} × n,
     * Int16 n, Int16 resultFormat × n}; formats are 0 text, 1 binary. Counts are unsigned.
     */
    record Bind(
            String portal,
            String statement,
            List<Short> formats,
            List<byte @Nullable []> values,
            List<Short> resultFormats)
            implements FrontendMessage {

        public Bind {
            formats = List.copyOf(formats);
            resultFormats = List.copyOf(resultFormats);
        }

        /** All parameters and results as text. */
        public static Bind ofText(
                String portal, String statement, List<@Nullable String> values, Charset charset) {
            var bytes = new ArrayList<byte @Nullable []>();
            for (String value : values) {
                bytes.add(value == null ? null : value.getBytes(charset));
            }
            return new Bind(portal, statement, List.of(), bytes, List.of());
        }

        public static Bind read(ByteBuf frame) {
            frame.skipBytes(Frames.HEADER_BYTES);
            String portal = Frames.readString(frame, Frames.NAMES);
            String statement = Frames.readString(frame, Frames.NAMES);
            List<Short> formats = readFormats(frame);
            int count = Short.toUnsignedInt(Frames.readShort(frame));
            var values = new ArrayList<byte @Nullable []>();
            for (int i = 0; i < count; i++) {
                int length = Frames.readInt(frame);
                values.add(length == -1 ? null : Frames.readBytes(frame, length));
            }
            return new Bind(portal, statement, formats, values, readFormats(frame));
        }

        /** Whether parameter i (from 0) is in binary format. */
        public boolean isBinary(int i) {
            return format(formats, i) == 1;
        }

        /** Whether result column i (from 0) is asked for in binary format. */
        public boolean isResultBinary(int i) {
            return format(resultFormats, i) == 1;
        }

        private static short format(List<Short> formats, int i) {
            if (formats.isEmpty()) {
                return 0;
            }
            return formats.size() == 1 ? formats.getFirst() : formats.get(i);
        }

        private static List<Short> readFormats(ByteBuf frame) {
            int count = Short.toUnsignedInt(Frames.readShort(frame));
            var formats = new ArrayList<Short>();
            for (int i = 0; i < count; i++) {
                formats.add(Frames.readShort(frame));
            }
            return formats;
        }

        @Override
        public void write(ByteBuf out, Charset charset) {
            int at = Frames.begin(out, FrontendType.BIND);
            Frames.writeString(out, portal, Frames.NAMES);
            Frames.writeString(out, statement, Frames.NAMES);
            out.writeShort(formats.size());
            formats.forEach(out::writeShort);
            out.writeShort(values.size());
            for (byte[] value : values) {
                if (value == null) {
                    out.writeInt(-1);
                } else {
                    out.writeInt(value.length).writeBytes(value);
                }
            }
            out.writeShort(resultFormats.size());
            resultFormats.forEach(out::writeShort);
            Frames.end(out, at);
        }
    }

    /** What Describe and Close are about: {@code 'S'} a prepared statement, {@code 'P'} a portal. */
    enum Target {
        STATEMENT('S'),
        PORTAL('P');

        private final char code;

        Target(char code) {
            this.code = code;
        }

        static Target of(byte code) {
            return switch (code) {
                case 'S' -> STATEMENT;
                case 'P' -> PORTAL;
                default -> throw new ProtocolViolationException("invalid kind of object in message: " + code);
            };
        }
    }

    /** {@code 'D', Int32 length, Byte1 target, String name}. */
    record Describe(Target target, String name) implements FrontendMessage {

        public static Describe read(ByteBuf frame) {
            frame.skipBytes(Frames.HEADER_BYTES);
            return new Describe(Target.of(Frames.readByte(frame)), Frames.readString(frame, Frames.NAMES));
        }

        @Override
        public void write(ByteBuf out, Charset charset) {
            writeNamed(out, FrontendType.DESCRIBE, target, name);
        }
    }

    /** {@code 'C', Int32 length, Byte1 target, String name}. */
    record Close(Target target, String name) implements FrontendMessage {

        public static Close read(ByteBuf frame) {
            frame.skipBytes(Frames.HEADER_BYTES);
            return new Close(Target.of(Frames.readByte(frame)), Frames.readString(frame, Frames.NAMES));
        }

        @Override
        public void write(ByteBuf out, Charset charset) {
            writeNamed(out, FrontendType.CLOSE, target, name);
        }
    }

    /** {@code 'E', Int32 length, String portal, Int32 maxRows} (0: no limit). */
    record Execute(String portal, int maxRows) implements FrontendMessage {

        public static Execute read(ByteBuf frame) {
            frame.skipBytes(Frames.HEADER_BYTES);
            return new Execute(Frames.readString(frame, Frames.NAMES), Frames.readInt(frame));
        }

        @Override
        public void write(ByteBuf out, Charset charset) {
            int at = Frames.begin(out, FrontendType.EXECUTE);
            Frames.writeString(out, portal, Frames.NAMES);
            out.writeInt(maxRows);
            Frames.end(out, at);
        }
    }

    /** {@code 'f', Int32 length, String reason}. */
    record CopyFail(String reason) implements FrontendMessage {
        @Override
        public void write(ByteBuf out, Charset charset) {
            int at = Frames.begin(out, FrontendType.COPY_FAIL);
            Frames.writeString(out, reason, StandardCharsets.US_ASCII);
            Frames.end(out, at);
        }
    }

    /** {@code 'p', Int32 length, Byten data}: a password or a SASL answer; its meaning depends on the server's last request. */
    record PasswordMessage(byte[] data) implements FrontendMessage {

        public static PasswordMessage read(ByteBuf frame) {
            frame.skipBytes(Frames.HEADER_BYTES);
            return new PasswordMessage(Frames.readBytes(frame, frame.readableBytes()));
        }

        @Override
        public void write(ByteBuf out, Charset charset) {
            int at = Frames.begin(out, FrontendType.PASSWORD);
            out.writeBytes(data);
            Frames.end(out, at);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof PasswordMessage(var theirs) && Arrays.equals(data, theirs);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(data);
        }

        @Override
        public String toString() {
            return "PasswordMessage[***]";
        }
    }

    /** {@code 'S', Int32 4}. */
    record Sync() implements FrontendMessage {
        @Override
        public void write(ByteBuf out, Charset charset) {
            Frames.empty(out, FrontendType.SYNC);
        }
    }

    /** {@code 'H', Int32 4}. */
    record Flush() implements FrontendMessage {
        @Override
        public void write(ByteBuf out, Charset charset) {
            Frames.empty(out, FrontendType.FLUSH);
        }
    }

    /** {@code 'X', Int32 4}. */
    record Terminate() implements FrontendMessage {
        @Override
        public void write(ByteBuf out, Charset charset) {
            Frames.empty(out, FrontendType.TERMINATE);
        }
    }

    private static void writeNamed(ByteBuf out, char type, Target target, String name) {
        int at = Frames.begin(out, type);
        out.writeByte(target.code);
        Frames.writeString(out, name, Frames.NAMES);
        Frames.end(out, at);
    }
}
