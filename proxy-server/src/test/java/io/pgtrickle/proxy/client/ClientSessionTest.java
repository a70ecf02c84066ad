// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.pgtrickle.proxy.auth.Admission;
import io.pgtrickle.proxy.auth.AuthFailure;
import io.pgtrickle.proxy.auth.Authenticator;
import io.pgtrickle.proxy.auth.Route;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.ProxyConfig.Limits;
import io.pgtrickle.proxy.config.ProxyConfig.Logging;
import io.pgtrickle.proxy.config.Peering;
import io.pgtrickle.proxy.config.Reception;
import io.pgtrickle.proxy.net.Sockets;
import io.pgtrickle.proxy.net.Transport;
import io.pgtrickle.proxy.net.Resolver;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.intercept.EngineCalls;
import io.pgtrickle.proxy.pool.DatabaseStates;
import io.pgtrickle.proxy.pool.ServerPool;
import io.pgtrickle.proxy.tls.TlsContexts;
import io.pgtrickle.suite.NoEngines;
import io.pgtrickle.wire.backend.Report;
import io.pgtrickle.wire.frontend.StartupPacket.StartupMessage;
import io.pgtrickle.wire.frontend.StartupPacket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The session's way from the first byte to the first query, against a server played by the test. */
class ClientSessionTest {

    private static final String AUTHENTICATION_OK = "R\0\0\0\10\0\0\0\0";
    private static final String SALT = "R\0\0\0\14\0\0\0\5salt";
    private static final String PASSWORD = "p\0\0\0\7pw\0";
    private static final String KEY = "K\0\0\0\14\0\0\0\11abcd";
    private static final String READY = "Z\0\0\0\5I";
    private static final String QUERY = "Q\0\0\0\15SELECT 1\0";

    /** Notes what is wished for; the connection is lent when the test says so. */
    private static final class FakePool implements ServerPool {
        private @Nullable Wish wish;
        private @Nullable Borrower borrower;
        private int released;

        @Override
        public Request acquire(Wish wanted, EventLoop loop, Borrower waiting) {
            wish = wanted;
            borrower = waiting;
            return () -> {};
        }

        @Override
        public Optional<Map<String, String>> greeting(Wish wanted) {
            return Optional.empty();
        }

        @Override
        public void release(ServerConnection server, boolean clean, boolean reset) {
            released++;
            server.close();
        }
    }

    private final FakePool pool = new FakePool();
    private final EmbeddedChannel client = new EmbeddedChannel();
    private final EmbeddedChannel server = new EmbeddedChannel();

    private void start(Authenticator door) {
        var context = new ProxyContext(
                door,
                pool,
                ProxyConfig.passThrough(new HostPort("host", 5432)).pooling(),
                new EngineCalls(new NoEngines(), 1),
                new Limits(0, 200, Duration.ZERO, Duration.ZERO),
                new Logging(false, false, false, 0),
                TlsContexts.none(),
                new DefaultChannelGroup(GlobalEventExecutor.INSTANCE),
                new DatabaseStates(),
                Reception.PLAIN,
                new Peers(Peering.NONE, new Sockets(Transport.start(1), ProxyConfig.passThrough(new HostPort("host", 5432)).network(), Resolver.Lookup.ofSystem())));
        ClientSession.install(client, context);
    }

    private void passThrough() {
        start(visitor -> new Admission.PassThrough(new Route(visitor.database(), "host", 5432, visitor.database(), visitor.user())));
    }

    @AfterEach
    void nothing_is_left_over() {
        client.finishAndReleaseAll();
        server.finishAndReleaseAll();
    }

    private static ByteBuf startup(int minor, Map<String, String> parameters) {
        ByteBuf out = Unpooled.buffer();
        new StartupMessage(3, minor, new LinkedHashMap<>(parameters), StandardCharsets.UTF_8).write(out);
        return out;
    }

    private static void receives(EmbeddedChannel channel, String bytes) {
        channel.writeInbound(Unpooled.copiedBuffer(bytes, StandardCharsets.ISO_8859_1));
    }

    private static String sent(Channel channel) {
        var all = new StringBuilder();
        for (ByteBuf bytes = ((EmbeddedChannel) channel).readOutbound(); bytes != null; bytes = ((EmbeddedChannel) channel).readOutbound()) {
            all.append(bytes.toString(StandardCharsets.ISO_8859_1));
            bytes.release();
        }
        return all.toString();
    }

    private ServerPool.Borrower borrower() {
        ServerPool.Borrower waiting = pool.borrower;
        assertThat(waiting).as("a connection was asked for").isNotNull();
        return Objects.requireNonNull(waiting);
    }

    private void lend() {
        StartupMessage startup = Objects.requireNonNull(pool.wish).startup();
        var connection = new ServerConnection(server, new Route("d", "host", 5432, "d", "u"), startup, false, borrower());
        server.pipeline().addLast(connection);
        borrower().lent(connection);
    }

    @Test
    void the_servers_authentication_is_relayed_and_the_key_replaced() {
        passThrough();
        client.writeInbound(startup(0, Map.of("user", "u", "database", "d", "work_mem", "1MB")));
        assertThat(Objects.requireNonNull(pool.wish).startup().parameters())
                .containsEntry("user", "u")
                .containsEntry("database", "d")
                .containsEntry("work_mem", "1MB");
        lend();
        receives(server, SALT);
        assertThat(sent(client)).isEqualTo(SALT);
        receives(client, PASSWORD);
        assertThat(sent(server)).isEqualTo(PASSWORD);
        receives(server, AUTHENTICATION_OK + KEY + READY);
        assertThat(sent(client))
                .startsWith(AUTHENTICATION_OK + "K\0\0\0\14\0\0\0\11")
                .endsWith(READY)
                .doesNotContain("abcd")
                .hasSize((AUTHENTICATION_OK + KEY + READY).length());
    }

    @Test
    void what_is_sent_ahead_waits_until_the_session_is_ready() {
        passThrough();
        client.writeInbound(Unpooled.wrappedBuffer(
                startup(0, Map.of("user", "u")), Unpooled.copiedBuffer(QUERY, StandardCharsets.ISO_8859_1)));
        lend();
        receives(server, AUTHENTICATION_OK);
        assertThat(sent(server)).isEmpty();
        receives(server, KEY + READY);
        assertThat(sent(server)).isEqualTo(QUERY);
    }

    @Test
    void a_clients_close_notify_ends_its_input() {
        passThrough();
        client.writeInbound(startup(0, Map.of("user", "u")));
        lend();
        receives(server, AUTHENTICATION_OK + KEY + READY);
        assertThat(server.isOpen()).isTrue();
        client.pipeline().fireUserEventTriggered(SslCloseCompletionEvent.SUCCESS);
        server.runPendingTasks();
        assertThat(server.isOpen()).isFalse();
    }

    @Test
    void only_an_answer_is_taken_while_one_is_due() {
        passThrough();
        client.writeInbound(startup(0, Map.of("user", "u")));
        lend();
        receives(server, SALT);
        sent(client);
        receives(client, QUERY);
        assertThat(sent(client)).startsWith("E").contains("08P01", "expected password response, got message type 81");
        assertThat(sent(server)).isEmpty();
        assertThat(pool.released).isEqualTo(1);
    }

    @Test
    void a_refused_client_is_told_why_and_no_server_is_asked_for() {
        start(visitor -> new Admission.Refuse(AuthFailure.unknownDatabase(visitor.database())));
        client.writeInbound(startup(2, Map.of("user", "u", "database", "nowhere")));
        assertThat(sent(client)).contains("FATAL", "3D000", "database \"nowhere\" does not exist");
        assertThat(pool.borrower).isNull();
    }

    @Test
    void a_server_that_cannot_be_reached_is_a_fatal_error() {
        passThrough();
        client.writeInbound(startup(0, Map.of("user", "u")));
        borrower().unavailable(Report.fatal("08006", "could not connect"));
        assertThat(sent(client)).contains("FATAL", "08006", "could not connect");
    }

    @Test
    void a_client_that_left_while_it_waited_gives_its_connection_back() {
        passThrough();
        client.writeInbound(startup(0, Map.of("user", "u")));
        client.close();
        lend();
        assertThat(pool.released).isEqualTo(1);
        assertThat(server.isOpen()).isFalse();
    }

    @Test
    void encryption_is_declined_and_the_connection_goes_on() {
        passThrough();
        ByteBuf requests = Unpooled.buffer();
        new StartupPacket.GssEncRequest().write(requests);
        client.writeInbound(requests);
        assertThat(sent(client)).isEqualTo("N");
        client.writeInbound(startup(3, Map.of("user", "u", "_pq_.x", "1")));
        assertThat(pool.borrower).isNotNull();
        client.flushOutbound();
        assertThat(sent(client)).isEqualTo("v\0\0\0\23\0\3\0\2\0\0\0\1_pq_.x\0");
    }
}
