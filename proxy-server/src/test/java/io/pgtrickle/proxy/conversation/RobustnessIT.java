// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.conversation;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.wire.frontend.FrontendMessage;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import io.pgtrickle.wire.frontend.FrontendMessage.Execute;
import io.pgtrickle.wire.frontend.FrontendMessage.Parse;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import io.pgtrickle.wire.frontend.FrontendMessage.Sync;
import io.pgtrickle.wire.frontend.FrontendMessage.Terminate;
import io.pgtrickle.wire.frontend.StartupPacket.GssEncRequest;
import io.pgtrickle.wire.frontend.StartupPacket.SslRequest;
import io.pgtrickle.wire.frontend.StartupPacket.StartupMessage;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Clients that break the rules, go away or stay silent, while a well-behaved one works on undisturbed. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RobustnessIT {

    @TempDir
    private static Path directory;

    private Proxy proxy;
    private RawClient bystander;

    @BeforeAll
    void start() {
        proxy = new Proxy();
    }

    @AfterAll
    void stop() {
        proxy.close();
    }

    @BeforeEach
    void watch() {
        bystander = proxy.client();
        bystander.query("BEGIN; CREATE TEMP TABLE t AS SELECT 7 AS a");
    }

    @AfterEach
    void the_bystander_has_noticed_nothing() {
        assertThat(bystander.query("SELECT a FROM t")).containsExactly("T a:23", "D 7", "C SELECT 1", "Z T");
        bystander.close();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    @Test
    void garbage_instead_of_a_startup_packet() {
        var random = new Random(7);
        for (int i = 0; i < 50; i++) {
            try (var client = new RawClient(proxy.address)) {
                byte[] garbage = new byte[1 + random.nextInt(300)];
                random.nextBytes(garbage);
                garbage[0] = (byte) (0x20 | garbage[0]); // a length of half a gigabyte or a negative one
                client.sendBytes(garbage);
                if (garbage.length >= 4) {
                    assertThat(client.until("end")).containsExactly("E FATAL 08P01 invalid length of startup packet", "end");
                }
            }
        }
        try (var client = new RawClient(proxy.address)) {
            client.sendBytes(bytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
            assertThat(client.until("end")).containsExactly("E FATAL 08P01 invalid length of startup packet", "end");
        }
    }

    @Test
    void garbage_after_the_login() {
        var random = new Random(8);
        for (int i = 0; i < 30; i++) {
            try (var client = proxy.client()) {
                byte[] garbage = new byte[200];
                random.nextBytes(garbage);
                garbage[0] = (byte) (0x80 | garbage[0]);
                client.sendBytes(garbage);
                assertThat(client.until("end")).hasSize(2).first().asString().startsWith("E FATAL 08P01 invalid");
            }
        }
    }

    @Test
    void lengths_no_message_can_have() {
        for (String head : List.of("Q\177\377\377\377", "Q\377\377\377\377", "Q\0\0\0\3", "Q\200\0\0\0", "S\0\1\0\0", "P\100\0\0\0")) {
            try (var client = proxy.client()) {
                client.sendBytes(bytes(head));
                assertThat(client.until("end")).as(head).containsExactly("E FATAL 08P01 invalid message length", "end");
            }
        }
    }

    @Test
    void startup_packets_no_server_accepts() {
        try (var client = new RawClient(proxy.address)) {
            client.start(proxy.database, 0, Map.of("options", "x".repeat(10_000)));
            assertThat(client.until("end")).containsExactly("E FATAL 08P01 invalid length of startup packet", "end");
        }
        try (var client = new RawClient(proxy.address)) {
            client.send(new StartupMessage(2, 0, new LinkedHashMap<>(), StandardCharsets.UTF_8));
            assertThat(client.until("end"))
                    .containsExactly("E FATAL 0A000 unsupported frontend protocol 2.0: server supports 3.0 to 3.2", "end");
        }
        try (var client = new RawClient(proxy.address)) {
            client.send(new StartupMessage(3, 0, new LinkedHashMap<>(Map.of("database", "x")), StandardCharsets.UTF_8));
            assertThat(client.until("end"))
                    .containsExactly("E FATAL 28000 no PostgreSQL user name specified in startup packet", "end");
        }
        try (var client = new RawClient(proxy.address)) {
            client.sendBytes(bytes("\0\0\0\14\4\322\26\56\0\0\0\7"));
            assertThat(client.until("end")).containsExactly("E FATAL 08P01 invalid length of cancel request packet", "end");
        }
    }

    @Test
    void encryption_is_declined_once_each_and_nothing_may_hide_behind_the_request() {
        try (var client = new RawClient(proxy.address)) {
            client.send(new GssEncRequest());
            assertThat(client.readByte()).isEqualTo('N');
            client.send(new SslRequest());
            assertThat(client.readByte()).isEqualTo('N');
            client.send(new SslRequest());
            assertThat(client.until("end"))
                    .containsExactly("E FATAL 0A000 unsupported frontend protocol 1234.5679: server supports 3.0 to 3.2", "end");
        }
        try (var client = new RawClient(proxy.address)) {
            client.sendBytes(bytes("\0\0\0\10\4\322\26\57\0\0\0\10\0\3\0\0"));
            assertThat(client.until("end")).containsExactly("E FATAL 08P01 received unencrypted data after SSL request", "end");
        }
    }

    @Test
    void half_messages_and_sudden_ends() {
        for (String half : List.of("", "\0", "\0\0\0\10\4\322", "\0\0\0\100\0\3\0\0user\0")) {
            var client = new RawClient(proxy.address);
            client.sendBytes(bytes(half));
            client.reset();
        }
        for (String half : List.of("Q", "Q\0\0", "Q\0\0\1\0SELECT", "B\0\20\0\0abc", "d\0\0\1\0x", "P\0\0\0\20s\0SEL")) {
            var vanishing = proxy.client();
            vanishing.sendBytes(bytes(half));
            vanishing.close();
            var resetting = proxy.client();
            resetting.sendBytes(bytes(half));
            resetting.reset();
        }
        noServerConnectionsAreLeft();
    }

    @Test
    void a_client_that_vanishes_amid_its_transaction_leaves_nothing() {
        var client = proxy.client();
        client.query("BEGIN; CREATE TABLE never ()");
        client.reset();
        noServerConnectionsAreLeft();
        assertThat(bystander.query("SELECT to_regclass('never')")).contains("D NULL");
    }

    /** But the bystander's. */
    private void noServerConnectionsAreLeft() {
        try (var observer = proxy.direct()) {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            String count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    + " AND backend_type = 'client backend'";
            while (!observer.query(count).get(1).equals("D 1")) {
                assertThat(System.nanoTime()).as("server connections are closed").isLessThan(deadline);
                pause();
            }
        }
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(5);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void what_was_asked_for_before_goodbye_is_done() {
        try (var client = proxy.client()) {
            client.send(
                    new Query("CREATE TABLE done AS SELECT 1 FROM pg_sleep(0.1)"),
                    new Query("INSERT INTO done VALUES (2)"),
                    new Terminate());
        }
        noServerConnectionsAreLeft();
        assertThat(bystander.query("SELECT count(*) FROM done")).contains("D 2");
    }

    @Test
    void a_client_may_stop_sending_and_still_read_the_answer() {
        try (var client = proxy.client()) {
            client.send(new Query("SELECT pg_sleep(0.1), 5"));
            client.endOutput();
            assertThat(client.until("end")).contains("D |5", "Z I", "end");
        }
    }

    @Test
    void a_malformed_but_well_framed_message_is_the_servers_business() {
        for (String malformed : List.of("B\0\0\0\6\0\0", "D\0\0\0\6X\0", "E\0\0\0\6p\0", "C\0\0\0\5S", "P\0\0\0\6s\0", "Q\0\0\0\7abc")) {
            try (var direct = proxy.direct();
                    var through = proxy.client()) {
                // With a command of ours prepared, names are looked at.
                through.pipeline(new Parse("ours", "REFRESH MATERIALIZED VIEW v", List.of()));
                direct.sendBytes(bytes(malformed + "S\0\0\0\4"));
                through.sendBytes(bytes(malformed + "S\0\0\0\4"));
                assertThat(through.untilReady()).as(malformed).isEqualTo(direct.untilReady());
                assertThat(through.query("SELECT 1")).last().isEqualTo("Z I");
            }
        }
    }

    @Test
    void a_slow_login_is_ended() {
        ProxyConfig config = ProxyConfig.passThrough(new HostPort(proxy.postgres.host(), proxy.postgres.port()));
        var limits = new ProxyConfig.Limits(0, 200, Duration.ofMillis(200), Duration.ZERO);
        try (var impatient = new Proxy(new ProxyConfig(
                        config.listen(), config.authentication(), config.databases(), config.pooling(), limits, config.logging(), config.tls(), config.engine()));
                var client = new RawClient(impatient.address)) {
            client.sendBytes(new byte[] {0, 0, 0});
            assertThat(client.until("end")).containsExactly("E FATAL 57014 canceling authentication due to timeout", "end");
            assertThat(impatient.client().query("SELECT 1")).contains("D 1");
        }
    }

    @Test
    void more_clients_than_allowed_are_told_so() {
        ProxyConfig config = ProxyConfig.passThrough(new HostPort(proxy.postgres.host(), proxy.postgres.port()));
        var limits = new ProxyConfig.Limits(1, 200, Duration.ofSeconds(60), Duration.ZERO);
        try (var small = new Proxy(new ProxyConfig(
                        config.listen(), config.authentication(), config.databases(), config.pooling(), limits, config.logging(), config.tls(), config.engine()));
                var first = small.client();
                var second = new RawClient(small.address)) {
            second.start(small.database, 0, Map.of());
            assertThat(second.until("end")).containsExactly("E FATAL 53300 no more connections allowed (max_client_conn)", "end");
            assertThat(first.query("SELECT 1")).contains("D 1");
        }
    }

    @Test
    void a_server_that_is_not_there_is_named() throws IOException {
        int unused;
        try (var socket = new ServerSocket(0)) {
            unused = socket.getLocalPort();
        }
        try (var lonely = new Proxy(ProxyConfig.passThrough(new HostPort("127.0.0.1", unused)));
                var client = new RawClient(lonely.address)) {
            client.start("x", 0, Map.of());
            assertThat(client.until("end"))
                    .containsExactly("E FATAL 08006 could not connect to the server at 127.0.0.1:" + unused, "end");
        }
    }

    @Test
    void a_server_connection_that_ends_is_explained() {
        try (var client = proxy.client()) {
            client.query("SELECT 1");
            bystander.query("SELECT pg_terminate_backend(" + client.processId() + ")");
            assertThat(client.until("end"))
                    .containsExactly("E FATAL 57P01 terminating connection due to administrator command", "end");
        }
    }

    @Test
    void closing_the_proxy_tells_the_clients() {
        var closing = new Proxy();
        try (var client = closing.client()) {
            closing.close();
            assertThat(client.until("end"))
                    .containsExactly("E FATAL 57P01 terminating connection due to administrator command", "end");
        }
    }

    @Test
    void eighty_clients_at_once() throws Exception {
        int clients = 80; // below max_client_conn, which also counts those that are still closing
        List<Callable<List<String>>> tasks = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            int number = i;
            tasks.add(() -> {
                try (var client = proxy.client()) {
                    client.query("SET application_name = 'client " + number + "'");
                    for (int round = 0; round < 20; round++) {
                        client.query("SELECT " + round);
                    }
                    return client.query("SHOW application_name");
                }
            });
        }
        try (var threads = Executors.newFixedThreadPool(clients)) {
            int number = 0;
            for (Future<List<String>> result : threads.invokeAll(tasks)) {
                assertThat(result.get()).contains("D client " + number++);
            }
        }
    }

    private static final String CREATE = "CREATE MATERIALIZED VIEW %s WITH (pgtrickle.stream = true) AS SELECT 1 AS a";
    private static final String REFRESH = "REFRESH MATERIALIZED VIEW ours";

    private static FrontendMessage[] extended(String sql) {
        return new FrontendMessage[] {new Parse("", sql, List.of()), new Bind("", "", List.of(), List.of(), List.of()), new Execute("", 0)};
    }

    /** What the server sends a client that is silent for too long behind a statement of ours. */
    private List<String> silence(String setting, String begin, String statement, boolean simple) {
        try (var client = proxy.client()) {
            client.query("CREATE TABLE IF NOT EXISTS ours AS SELECT 1 AS a; SET " + setting + " = 200");
            client.query(begin);
            if (simple) {
                client.query(statement);
            } else {
                client.pipeline(extended(statement));
            }
            return client.until("end");
        }
    }

    @Test
    void the_timeouts_of_idle_sessions_hold_behind_ours() {
        for (boolean simple : new boolean[] {true, false}) {
            for (String statement : List.of(REFRESH, CREATE.formatted("refused"), "REFRESH MATERIALIZED VIEW CONCURRENTLY nothing")) {
                assertThat(silence("idle_in_transaction_session_timeout", "BEGIN", statement, simple)).as(statement)
                        .containsExactly("E FATAL 25P03 terminating connection due to idle-in-transaction timeout", "end");
                assertThat(silence("idle_session_timeout", "SELECT 1", statement, simple)).as(statement)
                        .containsExactly("E FATAL 57P05 terminating connection due to idle-session timeout", "end");
            }
        }
    }

    /** PostgreSQL ends such a session, because it cannot tell where the COPY data ends. */
    @Test
    void a_statement_of_ours_amid_copy_data() {
        for (boolean simple : new boolean[] {true, false}) {
            for (boolean together : new boolean[] {true, false}) {
                try (var client = proxy.client()) {
                    client.query("CREATE TEMP TABLE c (a int)");
                    client.send(new Query("COPY c FROM STDIN"));
                    if (!together) {
                        assertThat(client.until("G")).hasSize(1);
                        client.sendCopyData("1\n");
                    }
                    if (simple) {
                        client.send(new Query(REFRESH));
                    } else {
                        client.send(extended(REFRESH)).send(new Sync());
                    }
                    List<String> lines = client.until("end");
                    assertThat(lines).anySatisfy(line -> assertThat(line).startsWith("E ERROR 08P01 unexpected message type"));
                    assertThat(lines).contains("E FATAL 08P01 terminating connection because protocol synchronization was lost");
                }
            }
        }
    }

    @Test
    void a_statement_of_ours_that_waits_while_copy_data_comes_to_its_end() {
        try (var client = proxy.client()) {
            client.query("CREATE TABLE IF NOT EXISTS ours AS SELECT 1 AS a; CREATE TEMP TABLE c (a int)");
            client.send(new Query("COPY c FROM STDIN; COPY c FROM STDIN"));
            for (int i = 0; i < 2; i++) {
                client.sendCopyData("1\n");
                client.sendCopyDone();
            }
            client.send(new Query(REFRESH));
            assertThat(client.untilReady()).containsExactly("G (5)", "C COPY 1", "G (5)", "C COPY 1", "Z I");
            assertThat(client.untilReady()).containsExactly("C REFRESH MATERIALIZED VIEW", "Z I");
        }
    }

    private static final FrontendMessage[] INSERT = extended("INSERT INTO t VALUES (2)");
    private static final FrontendMessage[] COPY = extended("COPY t FROM STDIN");

    /** What a client leaves unfinished, behind something complete. */
    record Unfinished(String name, Consumer<RawClient> talk) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Unfinished> unfinished() {
        return Stream.of(
                new Unfinished("a pipeline without Sync", client -> client.send(INSERT)),
                new Unfinished("nothing but a Parse", client -> client.send(new Parse("", "SELECT 1", List.of()))),
                new Unfinished("a statement that takes long, without Sync", client -> client.send(extended("INSERT INTO t SELECT 2 FROM pg_sleep(60)"))),
                new Unfinished("COPY", client -> {
                    client.send(new Query("COPY t FROM STDIN"));
                    client.sendCopyData("2\n");
                }),
                new Unfinished("COPY that has been answered", client -> {
                    client.send(new Query("COPY t FROM STDIN"));
                    client.until("G");
                    client.sendCopyData("2\n");
                }),
                new Unfinished("COPY in the extended protocol", client -> {
                    client.send(COPY);
                    client.sendCopyData("2\n");
                }),
                new Unfinished("COPY behind a Sync that does not count", client -> {
                    client.send(COPY).send(new Sync());
                    client.until("G");
                    client.sendCopyData("2\n");
                }),
                new Unfinished("COPY that has ended, without Sync", client -> {
                    client.send(COPY).send(new Sync());
                    client.until("G");
                    client.sendCopyData("2\n");
                    client.sendCopyDone();
                }));
    }

    /** A message whose rest never comes. */
    static Stream<Unfinished> halfMessages() {
        return Stream.of("Q\0\0\1\0INS", "P\0\0\1\0x", "P\0\0\0\15\0BEGIN\0\0\0B\0\0\1\0x", "F\0\0\1\0x", "d\0\0\1\0x")
                .map(half -> new Unfinished("half of " + half.charAt(0), client -> client.sendBytes(half.getBytes(StandardCharsets.ISO_8859_1))));
    }

    private static Proxy pooled() throws IOException {
        return new Proxy(PooledProxy.config(directory, "pool_mode = transaction", "default_pool_size = 1", "query_wait_timeout = 15"));
    }

    private void leavesTheConnectionFree(Unfinished unfinished, boolean polite) throws Exception {
        try (var single = pooled();
                RawClient next = single.client();
                RawClient leaving = single.client()) {
            next.query("CREATE TABLE t (a int)");
            leaving.query("BEGIN"); // so that it has the connection
            leaving.send(new Query("INSERT INTO t SELECT 1 FROM pg_sleep(0.05); COMMIT"));
            unfinished.talk.accept(leaving);
            if (polite) {
                leaving.send(new Terminate());
            } else {
                leaving.endOutput();
            }
            leaving.until("end");
            assertThat(next.query("SELECT a FROM t")).contains("D 1", "C SELECT 1", "Z I");
        }
    }

    @ParameterizedTest
    @MethodSource("unfinished")
    void what_a_client_leaves_unfinished_holds_nobody_up(Unfinished unfinished) throws Exception {
        leavesTheConnectionFree(unfinished, true);
        leavesTheConnectionFree(unfinished, false);
    }

    @ParameterizedTest
    @MethodSource("halfMessages")
    void nor_does_half_a_message(Unfinished half) throws Exception {
        leavesTheConnectionFree(half, false);
    }

    @Test
    void a_connection_is_free_again_behind_a_Sync_amid_copy_data() throws Exception {
        try (var single = pooled();
                RawClient next = single.client();
                RawClient client = single.client()) {
            next.query("CREATE TABLE t (a int)");
            client.send(new Query("COPY t FROM STDIN"));
            client.sendCopyData("1\n");
            client.send(new Sync());
            client.sendCopyDone();
            assertThat(client.untilReady()).contains("C COPY 1", "Z I");
            assertThat(next.query("SELECT a FROM t")).contains("D 1", "Z I");
            client.send(new Query("COPY t FROM STDIN"));
            client.until("G");
            client.sendCopyData("1\n");
            client.send(new Sync());
            client.sendCopyDone();
            assertThat(client.untilReady()).contains("C COPY 1", "Z I");
            assertThat(next.query("SELECT a FROM t")).contains("C SELECT 2", "Z I");
        }
    }
}
