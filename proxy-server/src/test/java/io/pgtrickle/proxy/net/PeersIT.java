// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.proxy.conversation.RawClient;
import io.pgtrickle.suite.SkipWithoutDocker;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import io.pgtrickle.wire.frontend.StartupPacket.CancelRequest;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Proxies that share clients: a cancel request finds the one it is for. */
@ExtendWith(SkipWithoutDocker.class)
class PeersIT {

    private static final String DATABASE = "one = dbname=postgres\n[peers]\n";
    private static final String CANCELLED = "E ERROR 57014 canceling statement due to user request";

    @TempDir
    private Path directory;

    private NetLab proxy(String peers, String... settings) throws Exception {
        return new NetLab(directory, DATABASE + peers, "", Stream.concat(Stream.of("pool_mode = transaction"), Stream.of(settings)).toArray(String[]::new));
    }

    private static RawClient client(NetLab proxy, int minorVersion) {
        return RawClient.connect(proxy.address, "one", minorVersion, Map.of("user", "postgres"));
    }

    /** Waits until it is dealt with. */
    private static void cancel(NetLab at, RawClient whose, UnaryOperator<byte[]> key) {
        try (var canceller = new RawClient(at.address)) {
            canceller.send(new CancelRequest(whose.processId(), key.apply(whose.key().clone())));
            assertThat(canceller.readByte()).as("closed when it is done").isEqualTo(-1);
        }
    }

    private static byte[] changed(byte[] key, int position, int bits) {
        key[position] ^= (byte) bits;
        return key;
    }

    private static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void a_cancel_request_that_meets_another_proxy(int minorVersion) throws Exception {
        int port = freePort();
        try (NetLab first = proxy("7 = host=127.0.0.1 port=" + port, "peer_id = 300");
                NetLab second = proxy("300 = host=127.0.0.1 port=" + first.port(), "peer_id = 7", "listen_port = " + port);
                RawClient client = client(second, minorVersion);
                RawClient other = client(second, minorVersion)) {
            assertThat(first.show("PEERS", "peer_id", "host", "port")).containsExactly("7 127.0.0.1 " + port);
            assertThat(client.processId() >> 8 & 0xffff).as("the number, low byte first").isEqualTo(0x0700);
            assertThat(client.key()[3] & 3).as("how often it may be passed on").isEqualTo(3);
            client.send(new Query("SELECT 'slept' FROM pg_sleep(20)"));
            other.send(new Query("SELECT 'slept' FROM pg_sleep(1)"));
            NetLab.until(() -> second.show("POOLS", "database", "sv_active").contains("one 2"));
            cancel(first, client, key -> changed(key, 3, 3)); // it has been passed on often enough
            cancel(first, client, key -> changed(key, 1, 1));
            assertThat(other.untilReady()).contains("D slept");
            cancel(first, client, key -> key);
            assertThat(client.untilReady()).contains(CANCELLED);
            client.send(new Query("SELECT 'slept' FROM pg_sleep(20)"));
            NetLab.until(() -> second.show("POOLS", "database", "sv_active").contains("one 1"));
            cancel(second, client, key -> key);
            assertThat(client.untilReady()).contains(CANCELLED);
        }
    }

    @Test
    void each_way_leaves_one_less() throws Exception {
        try (var peer = new ServerSocket(0);
                NetLab proxy = proxy("9 = host=127.0.0.1 port=" + peer.getLocalPort(), "peer_id = 1");
                var canceller = new RawClient(proxy.address);
                var last = new RawClient(proxy.address)) {
            canceller.send(new CancelRequest(9 << 16, new byte[] {1, 2, 3, 3}));
            try (Socket passedOn = peer.accept()) {
                assertThat(passedOn.getInputStream().readNBytes(16)).endsWith(0, 9, 0, 0, 1, 2, 3, 2);
            }
            assertThat(canceller.readByte()).isEqualTo(-1);
            last.send(new CancelRequest(9 << 16, new byte[] {1, 2, 3, 0}));
            assertThat(last.readByte()).isEqualTo(-1);
            peer.setSoTimeout(1);
            assertThatThrownBy(peer::accept).isInstanceOf(SocketTimeoutException.class);
        }
    }

    @Test
    void a_peer_that_is_away() throws Exception {
        try (NetLab alone = proxy("9 = host=127.0.0.1 port=" + freePort() + "\n10 = host=no.such.host.invalid", "peer_id = 1");
                var canceller = new RawClient(alone.address);
                var another = new RawClient(alone.address)) {
            canceller.send(new CancelRequest(9 << 16, new byte[] {1, 2, 3, 3}));
            assertThat(canceller.readByte()).isEqualTo(-1);
            another.send(new CancelRequest(10 << 16, new byte[] {1, 2, 3, 3}));
            assertThat(another.readByte()).isEqualTo(-1);
        }
    }
}
