// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.tls;

import io.pgtrickle.proxy.config.HostPort;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Passes connections on to a server and remembers how each of them began. */
final class Tap implements AutoCloseable {

    private static final int REMEMBERED = 64;

    private final ServerSocket listener;
    private final int target;
    private final List<ByteArrayOutputStream> beginnings = new CopyOnWriteArrayList<>();
    /** Sent instead of anything of the server's. */
    private volatile byte[] injected = {};
    private volatile byte[] lastAnswer = {};

    Tap(int target) throws IOException {
        this.target = target;
        listener = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        Thread.ofVirtual().start(this::accept);
    }

    HostPort address() {
        return new HostPort("127.0.0.1", listener.getLocalPort());
    }

    void inject(byte... answer) {
        injected = answer;
    }

    /** The first bytes of each connection, in hexadecimal; clears them. */
    List<String> beginnings() {
        List<String> all = beginnings.stream().map(bytes -> HexFormat.of().formatHex(bytes.toByteArray())).toList();
        beginnings.clear();
        return all;
    }

    /** What has been read last from the server that closed last. */
    byte[] lastAnswer() {
        return lastAnswer;
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                var server = new Socket("127.0.0.1", target);
                var beginning = new ByteArrayOutputStream();
                beginnings.add(beginning);
                Thread.ofVirtual().start(() -> copy(client, server, beginning));
                if (injected.length > 0) {
                    client.getOutputStream().write(injected);
                    continue;
                }
                Thread.ofVirtual().start(() -> lastAnswer = copy(server, client, new ByteArrayOutputStream()));
            }
        } catch (IOException closed) {
            // the end
        }
    }

    private static byte[] copy(Socket from, Socket to, ByteArrayOutputStream beginning) {
        byte[] last = {};
        try (from; to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[8192];
            for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                beginning.write(buffer, 0, Math.min(length, Math.max(0, REMEMBERED - beginning.size())));
                last = Arrays.copyOf(buffer, length);
                out.write(buffer, 0, length);
            }
        } catch (IOException closed) {
            // the other side is told by closing it
        }
        return last;
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
