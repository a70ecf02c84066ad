// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.conversation;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.pgtrickle.wire.backend.BackendMessage.CommandComplete;
import io.pgtrickle.wire.backend.BackendMessage.DataRow;
import io.pgtrickle.wire.backend.BackendMessage.ParameterDescription;
import io.pgtrickle.wire.backend.BackendMessage.ParameterStatus;
import io.pgtrickle.wire.backend.BackendMessage.RowDescription;
import io.pgtrickle.wire.backend.BackendType;
import io.pgtrickle.wire.backend.Report;
import io.pgtrickle.wire.codec.Frames;
import io.pgtrickle.wire.frontend.FrontendMessage;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import io.pgtrickle.wire.frontend.FrontendMessage.Sync;
import io.pgtrickle.wire.frontend.StartupPacket;
import io.pgtrickle.wire.frontend.StartupPacket.StartupMessage;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A client that speaks the protocol byte for byte and shows what it gets as one line per message. */
public final class RawClient implements AutoCloseable {

    private static final int PATIENCE_MILLIS = 20_000;

    private final Socket socket;
    private final DataInputStream in;
    private byte[] key = {};
    private int processId;
    private boolean idle;
    private Runnable beforeTurn = () -> {};

    public RawClient(InetSocketAddress address) {
        this(connected(address));
    }

    /** @param socket connected; with TLS or without */
    public RawClient(Socket socket) {
        this.socket = socket;
        try {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(PATIENCE_MILLIS);
            in = new DataInputStream(socket.getInputStream());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Socket connected(InetSocketAddress address) {
        try {
            return new Socket(address.getAddress(), address.getPort());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Logged in and ready. */
    public static RawClient connect(InetSocketAddress address, String database) {
        return connect(address, database, 0, Map.of());
    }

    public static RawClient connect(InetSocketAddress address, String database, int minor, Map<String, String> more) {
        var client = new RawClient(address);
        client.start(database, minor, more);
        List<String> greeting = client.untilReady();
        if (!greeting.getLast().equals("Z I")) {
            throw new IllegalStateException("login failed: " + greeting);
        }
        return client;
    }

    public void start(String database, int minor, Map<String, String> more) {
        var parameters = new LinkedHashMap<String, String>();
        parameters.put("user", "postgres");
        parameters.put("database", database);
        parameters.putAll(more);
        send(new StartupMessage(3, minor, parameters, StandardCharsets.UTF_8));
    }

    public int processId() {
        return processId;
    }

    public byte[] key() {
        return key;
    }

    public void send(StartupPacket packet) {
        ByteBuf out = Unpooled.buffer();
        packet.write(out);
        sendBytes(bytes(out));
    }

    public RawClient send(FrontendMessage... messages) {
        return send(StandardCharsets.UTF_8, messages);
    }

    public RawClient send(Charset charset, FrontendMessage... messages) {
        ByteBuf out = Unpooled.buffer();
        for (FrontendMessage message : messages) {
            message.write(out, charset);
        }
        sendBytes(bytes(out));
        return this;
    }

    /** Done whenever the client is between transactions and about to send something. */
    public void beforeEachTurn(Runnable action) {
        beforeTurn = action;
        idle = true;
    }

    public void sendBytes(byte[] bytes) {
        if (idle) {
            idle = false;
            beforeTurn.run();
        }
        try {
            socket.getOutputStream().write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public void sendCopyData(String data) {
        ByteBuf out = Unpooled.buffer();
        int at = Frames.begin(out, 'd');
        out.writeCharSequence(data, StandardCharsets.UTF_8);
        Frames.end(out, at);
        sendBytes(bytes(out));
    }

    public void sendCopyDone() {
        ByteBuf out = Unpooled.buffer();
        Frames.empty(out, 'c');
        sendBytes(bytes(out));
    }

    /** A simple Query and everything up to its ReadyForQuery. */
    public List<String> query(String sql) {
        send(new Query(sql));
        return untilReady();
    }

    /** Messages of the extended protocol, a Sync, and everything up to its ReadyForQuery. */
    public List<String> pipeline(FrontendMessage... messages) {
        send(messages);
        send(new Sync());
        return untilReady();
    }

    public List<String> untilReady() {
        return until("Z");
    }

    /** Messages up to the first one that starts like this, or to the end of the connection. */
    public List<String> until(String prefix) {
        var lines = new ArrayList<String>();
        while (true) {
            byte[] frame = frame();
            if (frame.length == 0) {
                lines.add("end");
                return lines;
            }
            String line = show(frame);
            lines.add(line);
            if (line.startsWith(prefix)) {
                return lines;
            }
        }
    }

    /** Whole messages, as bytes in hexadecimal, up to ReadyForQuery. */
    public List<String> rawUntilReady() {
        var frames = new ArrayList<String>();
        while (true) {
            byte[] frame = frame();
            frames.add(HexFormat.of().formatHex(frame));
            if (frame.length == 0 || frame[0] == 'Z') {
                return frames;
            }
        }
    }

    /** The next byte alone, as the answer to SSLRequest is; -1 at the end. */
    public int readByte() {
        try {
            return in.read();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One message with its header; empty at the end of the connection. */
    public byte[] frame() {
        try {
            int type = in.read();
            if (type < 0) {
                return new byte[0];
            }
            int length = in.readInt();
            ByteBuf out = Unpooled.buffer(length + 1);
            out.writeByte(type).writeInt(length);
            byte[] body = new byte[length - 4];
            in.readFully(body);
            idle = type == 'Z' && body[0] == 'I';
            out.writeBytes(body);
            return bytes(out);
        } catch (EOFException | SocketException e) {
            return new byte[0];
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String show(byte[] bytes) {
        ByteBuf frame = Unpooled.wrappedBuffer(bytes);
        var utf8 = StandardCharsets.UTF_8;
        char type = (char) bytes[0];
        return switch (type) {
            case BackendType.BACKEND_KEY_DATA -> {
                processId = frame.getInt(Frames.HEADER_BYTES);
                key = new byte[bytes.length - 9];
                frame.getBytes(9, key);
                yield "K " + key.length;
            }
            case BackendType.PARAMETER_STATUS -> {
                ParameterStatus status = ParameterStatus.read(frame, utf8);
                yield "S " + status.name() + "=" + status.value();
            }
            case BackendType.READY_FOR_QUERY -> "Z " + (char) bytes[Frames.HEADER_BYTES];
            case BackendType.COMMAND_COMPLETE -> "C " + CommandComplete.read(frame, utf8).tag();
            case BackendType.ROW_DESCRIPTION ->
                RowDescription.read(frame, utf8).columns().stream()
                        .map(column -> column.name() + ":" + column.typeOid())
                        .collect(Collectors.joining(" ", "T ", ""));
            case BackendType.PARAMETER_DESCRIPTION -> "t " + ParameterDescription.read(frame).typeOids();
            case BackendType.DATA_ROW ->
                DataRow.read(frame).values().stream()
                        .map(value -> value == null ? "NULL" : new String(value, utf8))
                        .collect(Collectors.joining("|", "D ", ""));
            case BackendType.ERROR_RESPONSE, BackendType.NOTICE_RESPONSE -> type + " " + show(Report.read(frame, utf8));
            case BackendType.COPY_DATA -> "d " + frame.toString(5, bytes.length - 5, utf8).strip();
            default -> bytes.length == Frames.HEADER_BYTES ? String.valueOf(type) : type + " (" + (bytes.length - 5) + ")";
        };
    }

    private static String show(Report report) {
        return report.field(Report.SEVERITY_NAME).orElse("") + " " + report.field(Report.SQL_STATE).orElse("") + " "
                + report.field(Report.MESSAGE).orElse("")
                + report.field(Report.POSITION).map(at -> " @" + at).orElse("")
                + report.field(Report.WHERE).map(where -> " in " + where).orElse("");
    }

    private static byte[] bytes(ByteBuf buffer) {
        byte[] bytes = new byte[buffer.readableBytes()];
        buffer.readBytes(bytes);
        return bytes;
    }

    /** Ends the connection without a word. */
    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends the connection with a reset. */
    public void reset() {
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Says that nothing more will be sent. */
    public void endOutput() {
        try {
            socket.shutdownOutput();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
