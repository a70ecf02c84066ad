// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.conversation;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.pgtrickle.wire.codec.Frames;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import io.pgtrickle.wire.frontend.FrontendMessage.Close;
import io.pgtrickle.wire.frontend.FrontendMessage.CopyFail;
import io.pgtrickle.wire.frontend.FrontendMessage.Describe;
import io.pgtrickle.wire.frontend.FrontendMessage.Execute;
import io.pgtrickle.wire.frontend.FrontendMessage.Flush;
import io.pgtrickle.wire.frontend.FrontendMessage.Parse;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import io.pgtrickle.wire.frontend.FrontendMessage.Sync;
import io.pgtrickle.wire.frontend.FrontendMessage.Target;
import io.pgtrickle.wire.frontend.FrontendType;
import io.pgtrickle.wire.frontend.StartupPacket.CancelRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is none of our business arrives as from PostgreSQL itself, byte for byte. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PassthroughIT {

    private static final int INT4ABS = 1251;

    /** A conversation, and what came back, as hexadecimal bytes. */
    record Conversation(String name, Function<RawClient, List<String>> talk) {
        @Override
        public String toString() {
            return name;
        }
    }

    private Proxy proxy;

    @BeforeAll
    void start() {
        proxy = new Proxy();
    }

    @AfterAll
    void stop() {
        proxy.close();
    }

    private static Conversation queries(String name, String... queries) {
        return new Conversation(name, client -> {
            var all = new ArrayList<String>();
            for (String query : queries) {
                client.send(new Query(query));
                all.addAll(client.rawUntilReady());
            }
            return all;
        });
    }

    private static Bind bind(String portal, String statement, String... values) {
        return Bind.ofText(portal, statement, List.of(values), StandardCharsets.UTF_8);
    }

    private static byte[] functionCall(int function, String argument) {
        ByteBuf out = Unpooled.buffer();
        int at = Frames.begin(out, FrontendType.FUNCTION_CALL);
        out.writeInt(function).writeShort(0).writeShort(1).writeInt(argument.length());
        out.writeCharSequence(argument, StandardCharsets.US_ASCII);
        out.writeShort(0);
        Frames.end(out, at);
        return ByteBufUtil.getBytes(out);
    }

    static Stream<Conversation> conversations() {
        return Stream.of(
                queries("an empty query", "", ";", "-- nothing"),
                queries("values of many types", "SELECT 1, 'x'::text, NULL, now() - now(), '{1,2}'::int[], '{\"a\":1}'::jsonb"),
                queries("errors with position, detail, hint and context",
                        "SELECT 1 +",
                        "SELECT lenght('x')",
                        "DO $$ BEGIN RAISE EXCEPTION 'e' USING DETAIL = 'd', HINT = 'h', COLUMN = 'c', CONSTRAINT = 'k'; END $$"),
                queries("notices and warnings", "DO $$ BEGIN RAISE NOTICE 'n'; RAISE WARNING 'w'; END $$", "COMMIT"),
                queries("several statements with an error amid them", "SELECT 1; SELECT 1 / (random() * 0)::int; SELECT 2"),
                queries("a transaction that fails", "BEGIN", "SELECT * FROM nowhere", "SELECT 1", "ROLLBACK"),
                queries("savepoints", "BEGIN; SAVEPOINT a; SELECT 1; ROLLBACK TO a; COMMIT"),
                queries("parameters that change", "SET TimeZone = 'Asia/Tokyo'; SET application_name = 'x'", "RESET ALL", "DISCARD ALL"),
                queries("words of ours in other places",
                        "SELECT 'CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true) AS SELECT 1' AS \"pgtrickle\"",
                        "/* REFRESH MATERIALIZED VIEW v */ SELECT 1 -- pgtrickle.create_stream_table(",
                        "SELECT $$drop materialized view$$, U&'\\0061'",
                        "SELECT materialized FROM (VALUES (1)) AS t(materialized)"),
                queries("COPY to the client", "COPY (SELECT g, 'x' FROM generate_series(1, 1000) g) TO STDOUT"),
                queries("two COPYs in a query", "COPY (SELECT 1) TO STDOUT; COPY (SELECT 2) TO STDOUT (FORMAT binary)"),
                new Conversation("500 Syncs in one segment", client -> {
                    var syncs = new Sync[500];
                    Arrays.fill(syncs, new Sync());
                    client.send(syncs);
                    var all = new ArrayList<String>();
                    for (int i = 0; i < syncs.length; i++) {
                        all.addAll(client.rawUntilReady());
                    }
                    return all;
                }),
                new Conversation("a pipeline with an error and one behind it", client -> {
                    client.send(
                            new Parse("s", "SELECT $1::int", List.of()), new Describe(Target.STATEMENT, "s"),
                            bind("", "s", "1"), new Describe(Target.PORTAL, ""), new Execute("", 0),
                            bind("", "s", "x"), new Execute("", 0), new Close(Target.STATEMENT, "s"), new Sync(),
                            bind("", "s", "2"), new Execute("", 0), new Close(Target.STATEMENT, "s"), new Sync());
                    var all = new ArrayList<>(client.rawUntilReady());
                    all.addAll(client.rawUntilReady());
                    return all;
                }),
                new Conversation("a portal fetched in parts", client -> {
                    client.send(
                            new Parse("", "SELECT generate_series(1, 5)", List.of()), bind("p", ""), new Execute("p", 2),
                            new Execute("p", 2), new Execute("p", 2), new Execute("p", 2), new Sync());
                    return client.rawUntilReady();
                }),
                new Conversation("COPY from the client, in the extended protocol with a Sync before the data", client -> {
                    client.send(new Query("CREATE TEMP TABLE c (a int)"));
                    client.rawUntilReady();
                    client.send(new Parse("", "COPY c FROM STDIN", List.of()), bind("", ""), new Execute("", 0), new Sync());
                    client.sendCopyData("1\n2\n");
                    client.sendCopyDone();
                    client.send(new Sync());
                    var all = new ArrayList<>(client.rawUntilReady());
                    client.send(new Query("SELECT sum(a) FROM c; DROP TABLE c"));
                    all.addAll(client.rawUntilReady());
                    return all;
                }),
                new Conversation("COPY that the client gives up", client -> {
                    client.send(new Query("CREATE TEMP TABLE c (a int); COPY c FROM STDIN"));
                    client.sendCopyData("1\n");
                    client.send(new CopyFail("enough"));
                    return client.rawUntilReady();
                }),
                new Conversation("COPY that fails on the server, with late data", client -> {
                    client.send(new Query("CREATE TEMP TABLE c (a int)"));
                    client.rawUntilReady();
                    client.send(new Query("COPY c FROM STDIN"));
                    client.sendCopyData("1\nx\n");
                    var all = new ArrayList<>(client.rawUntilReady());
                    client.sendCopyData("2\n");
                    client.sendCopyDone();
                    client.send(new Query("SELECT count(*) FROM c; DROP TABLE c"));
                    all.addAll(client.rawUntilReady());
                    return all;
                }),
                new Conversation("messages one byte at a time", client -> {
                    byte[] query = "Q\0\0\0\15SELECT 1\0".getBytes(StandardCharsets.ISO_8859_1);
                    for (byte one : query) {
                        client.sendBytes(new byte[] {one});
                    }
                    return client.rawUntilReady();
                }),
                new Conversation("a function call", client -> {
                    client.sendBytes(functionCall(INT4ABS, "-5"));
                    client.send(new Query("SELECT 1"));
                    var all = new ArrayList<>(client.rawUntilReady());
                    all.addAll(client.rawUntilReady());
                    return all;
                }),
                new Conversation("queries without waiting for answers", client -> {
                    client.send(new Query("SELECT 1"), new Query("SELECT oops"), new Query("SELECT 3"), new Flush());
                    var all = new ArrayList<>(client.rawUntilReady());
                    all.addAll(client.rawUntilReady());
                    all.addAll(client.rawUntilReady());
                    return all;
                }));
    }

    @ParameterizedTest
    @MethodSource("conversations")
    void the_same_bytes_as_without_the_proxy(Conversation conversation) {
        try (RawClient direct = proxy.direct();
                RawClient through = proxy.client()) {
            List<String> expected = conversation.talk.apply(direct);
            assertThat(conversation.talk.apply(through)).isEqualTo(expected);
            assertThat(through.query("SELECT 'still here'")).contains("D still here");
        }
    }

    @Test
    void startup_parameters_reach_the_server() {
        Map<String, String> parameters = Map.of(
                "application_name", "app", "options", "-c work_mem=5MB", "DateStyle", "German", "search_path", "a,b");
        try (RawClient direct = RawClient.connect(proxy.server, proxy.database, 0, parameters);
                RawClient through = RawClient.connect(proxy.address, proxy.database, 0, parameters)) {
            for (String name : List.of("application_name", "work_mem", "DateStyle", "search_path")) {
                assertThat(through.query("SHOW " + name)).isEqualTo(direct.query("SHOW " + name));
            }
        }
    }

    @Test
    void the_server_judges_startup_parameters_databases_and_roles() {
        for (Map<String, String> bad : List.of(
                Map.of("nonsense", "1"), Map.of("work_mem", "x"), Map.of("user", "nobody"), Map.of("database", "nowhere"))) {
            var direct = new RawClient(proxy.server);
            var through = new RawClient(proxy.address);
            direct.start(proxy.database, 0, bad);
            through.start(proxy.database, 0, bad);
            assertThat(through.until("end")).isEqualTo(direct.until("end"));
        }
    }

    @Test
    void the_greeting_is_the_servers_in_both_protocol_versions() {
        for (int minor : List.of(0, 2)) {
            var direct = new RawClient(proxy.server);
            var through = new RawClient(proxy.address);
            direct.start(proxy.database, minor, Map.of());
            through.start(proxy.database, minor, Map.of());
            assertThat(through.untilReady()).isEqualTo(direct.untilReady()).contains(minor == 0 ? "K 4" : "K 32");
            assertThat(through.query("SELECT pg_backend_pid()")).contains("D " + through.processId());
            direct.close();
            through.close();
        }
    }

    @Test
    void other_versions_and_options_are_negotiated() {
        Predicate<String> negotiation = line -> line.startsWith("v");
        for (int minor : List.of(1, 3, 9999)) {
            try (var client = new RawClient(proxy.address)) {
                client.start(proxy.database, minor, Map.of("_pq_.a", "1", "_pq_.b", ""));
                List<String> greeting = client.untilReady();
                assertThat(greeting.getFirst()).as("first of all").matches(negotiation);
                assertThat(greeting).contains(minor == 1 ? "K 4" : "K 32", "Z I").filteredOn(negotiation).hasSize(1);
            }
        }
    }

    @Test
    void notifications_come_to_an_idle_client() {
        try (RawClient listener = proxy.client();
                RawClient notifier = proxy.client()) {
            listener.query("LISTEN news");
            notifier.query("NOTIFY news, 'hello'");
            assertThat(listener.until("A")).hasSize(1);
            assertThat(listener.query("NOTIFY news")).hasSize(3).contains("C NOTIFY", "Z I");
        }
    }

    // Cancelling.

    private void cancel(int processId, byte[] key) {
        try (var canceller = new RawClient(proxy.address)) {
            canceller.send(new CancelRequest(processId, key));
            assertThat(canceller.readByte()).as("closed when it is done").isEqualTo(-1);
        }
    }

    private void untilBusy(RawClient client) throws InterruptedException {
        try (RawClient observer = proxy.direct()) {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            String state = "SELECT wait_event FROM pg_stat_activity WHERE pid = " + client.processId();
            while (!observer.query(state).contains("D PgSleep")) {
                assertThat(System.nanoTime()).isLessThan(deadline);
                TimeUnit.MILLISECONDS.sleep(5);
            }
        }
    }

    @Test
    void a_running_query_is_cancelled_with_the_clients_own_key() throws Exception {
        for (int minor : List.of(0, 2)) {
            try (RawClient client = RawClient.connect(proxy.address, proxy.database, minor, Map.of())) {
                client.send(new Query("SELECT pg_sleep(60)"));
                untilBusy(client);
                cancel(client.processId(), client.key());
                assertThat(client.untilReady())
                        .contains("E ERROR 57014 canceling statement due to user request", "Z I");
            }
        }
    }

    @Test
    void a_cancel_request_with_a_wrong_key_or_for_an_idle_client_hits_nobody() throws Exception {
        try (RawClient busy = proxy.client();
                RawClient idle = proxy.client()) {
            busy.send(new Query("SELECT 'slept' FROM pg_sleep(1)"));
            untilBusy(busy);
            byte[] wrong = busy.key().clone();
            wrong[0] ^= 1;
            cancel(busy.processId(), wrong);
            cancel(busy.processId() + 1, busy.key());
            cancel(busy.processId(), new byte[32]);
            cancel(idle.processId(), idle.key());
            assertThat(idle.query("SELECT 1")).contains("D 1");
            assertThat(busy.untilReady()).contains("D slept");
        }
    }
}
