// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.backend;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.wire.codec.Frames;
import io.pgtrickle.wire.codec.ProtocolViolationException;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The server's messages the proxy understands or sends itself. Rows and COPY data of clients only pass by. */
public sealed interface BackendMessage permits
        BackendMessage.AuthenticationData,
        BackendMessage.BackendKeyData,
        BackendMessage.CommandComplete,
        BackendMessage.DataRow,
        BackendMessage.NegotiateProtocolVersion,
        BackendMessage.ParameterDescription,
        BackendMessage.ParameterStatus,
        BackendMessage.ReadyForQuery,
        BackendMessage.RowDescription,
        BackendMessage.Signal,
        Report {

    /** Writes the whole message. @param charset the session's client_encoding, for text */
    void write(ByteBuf out, Charset charset);

    /** {@code 'R', Int32 length, Int32 code, …}: the body is for {@code io.pgtrickle.wire.auth.AuthenticationRequest}. */
    record AuthenticationData(byte[] body) implements BackendMessage {

        private static final int OK = 0;

        public static AuthenticationData ok() {
            return new AuthenticationData(new byte[] {0, 0, 0, OK});
        }

        public static AuthenticationData read(ByteBuf frame) {
            frame.skipBytes(Frames.HEADER_BYTES);
            return new AuthenticationData(Frames.readBytes(frame, frame.readableBytes()));
        }

        @Override
        public void write(ByteBuf out, Charset charset) {
            int at = Frames.begin(out, BackendType.AUTHENTICATION);
            out.writeBytes(body);
            Frames.end(out, at);
        }
    }

    /** {@code 'K', Int32 length, Int32 processId, Byten secretKey}: 4 bytes of key in protocol 3.0, up to 256 since 3.2. */
    record BackendKeyData(int processId, byte[] secretKey) implements BackendMessage {

        public static BackendKeyData read(ByteBuf frame) {
            frame.skipBytes(Frames.HEADER_BYTES);
            int processId = Frames.readInt(frame);
            return new BackendKeyData(processId, Frames.readBytes(frame, frame.readableBytes()));
        }

        @Override
        public void write(ByteBuf out, Charset charset) {
            int at = Frames.begin(out, BackendType.BACKEND_KEY_DATA);
            out.writeInt(processId).writeBytes(secretKey);
            Frames.end(out, at);
        }
    }

    /** {@code 'v', Int32 length, Int32 version, Int32 n, String option × n}; the version is major &lt;&lt; 16 | minor. */
    record NegotiateProtocolVersion(int version, List<String> unknownOptions) implements BackendMessage {

        public NegotiateProtocolVersion {
            unknownOptions = List.copyOf(unknownOptions);
        }

        public static NegotiateProtocolVersion read(ByteBuf frame, Charset charset) {
            frame.skipBytes(Frames.HEADER_BYTES);
            int version = Frames.readInt(frame);
            int count = Frames.readInt(frame);
            var options = new ArrayList<String>();
            for (int i = 0; i < count; i++) {
                options.add(Frames.readString(frame, charset));
            }
            return new NegotiateProtocolVersion(version, options);
        }

        @Override
        public void write(ByteBuf out, Charset charset) {
            int at = Frames.begin(out, BackendType.NEGOTIATE_PROTOCOL_VERSION);
            out.writeInt(version).writeInt(unknownOptions.size());
            unknownOptions.forEach(option -> Frames.writeString(out, option, charset));
            Frames.end(out, at);
        }
    }

    /** {@code 'S', Int32 length, String name, String value}. */
    record ParameterStatus(String name, String value) implements BackendMessage {

        public static ParameterStatus read(ByteBuf frame, Charset charset) {
            frame.skipBytes(Frames.HEADER_BYTES);
            return new ParameterStatus(Frames.readString(frame, charset), Frames.readString(frame, charset));
        }

        @Override
        public void write(ByteBuf out, Charset charset) {
            int at = Frames.begin(out, BackendType.PARAMETER_STATUS);
            Frames.writeString(out, name, charset);
            Frames.writeString(out, value, charset);
            Frames.end(out, at);
        }
    }

    /** {@code 'Z', Int32 5, Byte1 status}: I idle, T in a transaction block, E in a failed one. */
    record ReadyForQuery(char status) implements BackendMessage {

        public static ReadyForQuery read(ByteBuf frame) {
            frame.skipBytes(Frames.HEADER_BYTES);
            return new ReadyForQuery((char) Frames.readByte(frame));
        }

        @Override
        public void write(ByteBuf out, Charset charset) {
            int at = Frames.begin(out, BackendType.READY_FOR_QUERY);
            out.writeByte(status);
            Frames.end(out, at);
        }
    }

    /** {@code 'C', Int32 length, String tag}. */
    record CommandComplete(String tag) implements BackendMessage {

        public static CommandComplete read(ByteBuf frame, Charset charset) {
            frame.skipBytes(Frames.HEADER_BYTES);
            return new CommandComplete(Frames.readString(frame, charset));
        }

        @Override
        public void write(ByteBuf out, Charset charset) {
            int at = Frames.begin(out, BackendType.COMMAND_COMPLETE);
            Frames.writeString(out, tag, charset);
            Frames.end(out, at);
        }
    }

    /** {@code 'D', Int32 length, Int16 n, {Int32 length or -1, Byten} × n}. */
    record DataRow(List<byte @Nullable []> values) implements BackendMessage {

        public static DataRow read(ByteBuf frame) {
            frame.skipBytes(Frames.HEADER_BYTES);
            int count = Short.toUnsignedInt(Frames.readShort(frame));
            var values = new ArrayList<byte @Nullable []>();
            for (int i = 0; i < count; i++) {
                int length = Frames.readInt(frame);
                values.add(length == -1 ? null : Frames.readBytes(frame, length));
            }
            return new DataRow(values);
        }

        @Override
        public void write(ByteBuf out, Charset charset) {
            int at = Frames.begin(out, BackendType.DATA_ROW);
            out.writeShort(values.size());
            for (byte[] value : values) {
                if (value == null) {
                    out.writeInt(-1);
                } else {
                    out.writeInt(value.length).writeBytes(value);
                }
            }
            Frames.end(out, at);
        }
    }

    /**
     * {@code 'T', Int32 length, Int16 n, {String name, Int32 tableOid, Int16 columnNumber, Int32 typeOid, Int16 typeLength, Int32 typmod,
     * Int16 format} × n}.
     */
    record RowDescription(List<Column> columns) implements BackendMessage {

        public record Column(
                String name, int tableOid, short columnNumber, int typeOid, short typeLength, int typmod, short format) {

            /** A column that is computed and sent as text. */
            public static Column computed(String name, int typeOid, int typeLength) {
                return new Column(name, 0, (short) 0, typeOid, (short) typeLength, -1, (short) 0);
            }
        }

        public RowDescription {
            columns = List.copyOf(columns);
        }

        public static RowDescription read(ByteBuf frame, Charset charset) {
            frame.skipBytes(Frames.HEADER_BYTES);
            int count = Short.toUnsignedInt(Frames.readShort(frame));
            var columns = new ArrayList<Column>();
            for (int i = 0; i < count; i++) {
                columns.add(new Column(
                        Frames.readString(frame, charset),
                        Frames.readInt(frame),
                        Frames.readShort(frame),
                        Frames.readInt(frame),
                        Frames.readShort(frame),
                        Frames.readInt(frame),
                        Frames.readShort(frame)));
            }
            return new RowDescription(columns);
        }

        @Override
        public void write(ByteBuf out, Charset charset) {
            int at = Frames.begin(out, BackendType.ROW_DESCRIPTION);
            out.writeShort(columns.size());
            for (Column column : columns) {
                Frames.writeString(out, column.name, charset);
                out.writeInt(column.tableOid)
                        .writeShort(column.columnNumber)
                        .writeInt(column.typeOid)
                        .writeShort(column.typeLength)
                        .writeInt(column.typmod)
                        .writeShort(column.format);
            }
            Frames.end(out, at);
        }
    }

    /** {@code 't', Int32 length, Int16 n, Int32 typeOid × n}. */
    record ParameterDescription(List<Integer> typeOids) implements BackendMessage {

        public ParameterDescription {
            typeOids = List.copyOf(typeOids);
        }

        public static ParameterDescription read(ByteBuf frame) {
            frame.skipBytes(Frames.HEADER_BYTES);
            int count = Short.toUnsignedInt(Frames.readShort(frame));
            var types = new ArrayList<Integer>();
            for (int i = 0; i < count; i++) {
                types.add(Frames.readInt(frame));
            }
            return new ParameterDescription(types);
        }

        @Override
        public void write(ByteBuf out, Charset charset) {
            int at = Frames.begin(out, BackendType.PARAMETER_DESCRIPTION);
            out.writeShort(typeOids.size());
            typeOids.forEach(out::writeInt);
            Frames.end(out, at);
        }
    }

    /** The messages without a body: {@code Byte1 type, Int32 4}. */
    enum Signal implements BackendMessage {
        PARSE_COMPLETE(BackendType.PARSE_COMPLETE),
        BIND_COMPLETE(BackendType.BIND_COMPLETE),
        CLOSE_COMPLETE(BackendType.CLOSE_COMPLETE),
        NO_DATA(BackendType.NO_DATA),
        PORTAL_SUSPENDED(BackendType.PORTAL_SUSPENDED),
        EMPTY_QUERY_RESPONSE(BackendType.EMPTY_QUERY_RESPONSE);

        private final char type;

        Signal(char type) {
            this.type = type;
        }

        /** @throws ProtocolViolationException if messages of this type have a body */
        public static Signal of(byte type) {
            for (Signal signal : values()) {
                if (signal.type == type) {
                    return signal;
                }
            }
            throw new ProtocolViolationException("unexpected message type " + type);
        }

        @Override
        public void write(ByteBuf out, Charset charset) {
            Frames.empty(out, type);
        }
    }
}
