// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.conversation;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.wire.frontend.FrontendMessage;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import io.pgtrickle.wire.frontend.FrontendMessage.Close;
import io.pgtrickle.wire.frontend.FrontendMessage.Describe;
import io.pgtrickle.wire.frontend.FrontendMessage.Execute;
import io.pgtrickle.wire.frontend.FrontendMessage.Flush;
import io.pgtrickle.wire.frontend.FrontendMessage.Parse;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import io.pgtrickle.wire.frontend.FrontendMessage.Sync;
import io.pgtrickle.wire.frontend.FrontendMessage.Target;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A client in transaction pooling gets what it gets from PostgreSQL itself, although it has another server connection with every
 * transaction: there are two, and whichever it had last is busy with somebody else's transaction when it comes back.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SharedConnectionsIT {

    /** Several sessions' worth of talk, and what came back, a line for each message. */
    record Behaviour(String name, Function<RawClient, List<String>> talk) {
        @Override
        public String toString() {
            return name;
        }
    }

    private Proxy proxy;

    @TempDir
    private static Path directory;

    @BeforeAll
    void start() throws IOException {
        proxy = new Proxy(PooledProxy.config(directory, "pool_mode = transaction", "default_pool_size = 2", "max_prepared_statements = 5"));
        try (RawClient direct = proxy.direct()) {
            direct.query("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2), (3)");
            direct.query("CREATE SCHEMA one; CREATE TABLE one.p AS SELECT 'one' AS s");
            direct.query("CREATE SCHEMA two; CREATE TABLE two.p AS SELECT 'two' AS s");
            direct.query("CREATE ROLE reader; GRANT SELECT ON t TO reader");
        }
    }

    @AfterAll
    void stop() {
        try (RawClient direct = proxy.direct()) {
            direct.query("DROP OWNED BY reader; DROP ROLE reader");
        }
        proxy.close();
    }

    /** Keeps one of the two connections, leaving it in a state that must be nobody else's. */
    private static final class Disturber implements AutoCloseable {

        private final List<RawClient> clients;
        private int turn;

        Disturber(Proxy proxy) {
            clients = List.of(proxy.client(), proxy.client());
            clients.forEach(client -> {
                client.query("SET work_mem = '7MB'; SET search_path = two; SET application_name = 'disturber'; SET my.own = 'disturbed'");
                client.pipeline(new Parse("s", "SELECT 'foreign ' || $1::text", List.of()));
            });
            hold(clients.getFirst());
            clients.getFirst().untilReady();
        }

        private static void hold(RawClient client) {
            client.send(new Query("BEGIN; SELECT 'held'"));
        }

        /** The other connection is kept from now on. */
        void swap() {
            RawClient holding = clients.get(turn);
            turn = 1 - turn;
            RawClient next = clients.get(turn);
            hold(next);
            run(holding, "s", "x");
            holding.pipeline(new Parse("", "COMMIT", List.of()), bind(""), new Execute("", 0));
            next.untilReady();
        }

        @Override
        public void close() {
            clients.get(turn).query("COMMIT");
            clients.forEach(RawClient::close);
        }
    }

    private static Behaviour queries(String name, String... queries) {
        return new Behaviour(name, client -> {
            var all = new ArrayList<String>();
            for (String query : queries) {
                all.addAll(client.query(query));
            }
            return all;
        });
    }

    private static Bind bind(String statement, String... values) {
        return Bind.ofText("", statement, List.of(values), StandardCharsets.UTF_8);
    }

    private static List<String> run(RawClient client, String statement, String... values) {
        return client.pipeline(bind(statement, values), new Execute("", 0));
    }

    /** Sets something in front of a statement that is named s, and shows what is set behind it. */
    private static List<String> setting(RawClient client, String set) {
        var all = new ArrayList<>(client.pipeline(
                new Parse("", set, List.of()), bind(""), new Execute("", 0), bind("s"), new Execute("", 0),
                new Parse("", "SELECT current_setting('search_path'), current_setting('my.tenant')", List.of()), bind(""), new Execute("", 0)));
        all.addAll(client.query("SHOW search_path"));
        all.addAll(client.query("SHOW my.tenant"));
        return all;
    }

    /** Uses a statement before some DDL and after it, in a transaction and outside, and another one prepared after it. */
    private static List<String> changing(RawClient client, String ddl, Target described) {
        var all = new ArrayList<>(client.query("CREATE TABLE changing AS SELECT 1 AS a"));
        var use = List.of(bind("s"), new Describe(described, described == Target.STATEMENT ? "s" : ""), new Execute("", 0));
        all.addAll(client.pipeline(new Parse("s", "SELECT * FROM changing", List.of())));
        all.addAll(client.pipeline(use.toArray(FrontendMessage[]::new)));
        all.addAll(client.query(ddl));
        for (int i = 0; i < 3; i++) {
            all.addAll(run(client, "s"));
            all.addAll(client.query("SELECT 'between'"));
        }
        all.addAll(client.query("BEGIN"));
        all.addAll(run(client, "s"));
        all.addAll(client.query("ROLLBACK"));
        all.addAll(client.pipeline(new Parse("t", "SELECT * FROM changing", List.of())));
        all.addAll(run(client, "t"));
        all.addAll(client.query("DROP TABLE changing"));
        return all;
    }

    static Stream<Behaviour> behaviours() {
        return Stream.concat(settings(), Stream.concat(holding(), statements()));
    }

    private static Stream<Behaviour> settings() {
        return Stream.of(
                queries("a reported setting", "SET TimeZone = 'Asia/Tokyo'", "SHOW TimeZone", "RESET TimeZone", "SHOW TimeZone"),
                queries("an unreported setting", "SET statement_timeout = '17s'", "SHOW statement_timeout", "SELECT 1", "SHOW statement_timeout",
                        "RESET statement_timeout", "SHOW statement_timeout"),
                queries("set_config", "SELECT set_config('work_mem', '5MB', false)", "SHOW work_mem", "SHOW work_mem"),
                queries("set_config for the transaction", "BEGIN; SELECT set_config('work_mem', '5MB', true)", "SHOW work_mem", "COMMIT", "SHOW work_mem"),
                queries("SET LOCAL", "BEGIN; SET LOCAL work_mem = '6MB'", "SHOW work_mem", "COMMIT", "SHOW work_mem"),
                queries("SET that is rolled back", "BEGIN; SET work_mem = '6MB'", "SHOW work_mem", "ROLLBACK", "SHOW work_mem"),
                queries("SET behind a comment", "/* a */ -- b\n SET work_mem = '6MB'", "SHOW work_mem"),
                queries("SET as the second statement", "SELECT 1; SET work_mem = '6MB'", "SHOW work_mem"),
                queries("a list", "SET search_path = one, \"$user\", public", "SELECT s FROM p", "SHOW search_path", "SET search_path = ''", "SHOW search_path"),
                queries("an application's setting", "SET my.tenant = '7'", "SELECT current_setting('my.tenant')", "SHOW my.tenant",
                        "SELECT set_config('my.user', 'u', false)", "SELECT current_setting('my.user'), current_setting('my.tenant')"),
                queries("a setting whose name is computed", "SELECT set_config('my.' || 'computed', '7', false)", "SELECT 1", "SHOW my.computed"),
                queries("a setting whose name a DO block computes", "DO $$ BEGIN PERFORM set_config('my.' || 'block', '7', false); END $$", "SHOW my.block", "SHOW my.block"),
                queries("SET in a string that a DO block executes", "DO $$ BEGIN EXECUTE 'set my.ex' || 'ecuted = 7'; END $$", "SHOW my.executed", "SHOW my.executed"),
                queries("SET in a quoted DO block", "DO 'BEGIN SET my.quoted = 7; END'", "SHOW my.quoted", "SHOW my.quoted"),
                queries("a setting behind a long text", "SELECT length('" + "x".repeat(1_100_000) + "'); SET my.far = '7'", "SHOW my.far", "SHOW my.far"),
                queries("set_config in other letters", "SELECT U&\"set\\005fconfig\"('my.other', '7', false)", "SHOW my.other"),
                queries("an update of pg_settings", "UPDATE pg_settings SET setting = '5000' WHERE name = 'work_mem'", "SHOW work_mem"),
                queries("a setting in a DO block", "DO $$ BEGIN PERFORM set_config('my.do', '1', false); END $$", "SHOW my.do"),
                queries("a role", "SET ROLE reader", "SELECT current_user, session_user", "SELECT count(*) FROM t", "CREATE TABLE x ()", "RESET ROLE",
                        "SELECT current_user"),
                queries("a role within the transaction", "BEGIN; SET LOCAL ROLE reader", "SELECT current_user", "COMMIT", "SELECT current_user"),
                queries("a role that goes with its settings", "SET work_mem = '9MB'; SET ROLE reader; SET TimeZone = 'UTC'", "SHOW work_mem",
                        "SELECT current_user", "SHOW TimeZone", "RESET ALL", "SHOW work_mem", "SELECT current_user"),
                queries("session authorization", "SET SESSION AUTHORIZATION reader", "SELECT current_user, session_user",
                        "RESET SESSION AUTHORIZATION", "SELECT session_user"),
                queries("read-only by default", "SET default_transaction_read_only = on", "CREATE TABLE no ()",
                        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", "SHOW default_transaction_read_only"),
                queries("another encoding", "SET client_encoding = 'LATIN1'", "SELECT 1", "SHOW client_encoding", "SET NAMES 'UTF8'", "SELECT 1"),
                queries("escapes", "SET standard_conforming_strings = off; SET escape_string_warning = off", "SELECT 'a\\\\b'",
                        "SELECT set_config('my.path', 'c:\\\\d''e', false)", "SHOW my.path"),
                queries("DISCARD ALL", "SET work_mem = '6MB'; SET TimeZone = 'UTC'; SET application_name = 'x'", "DISCARD ALL", "SHOW work_mem", "SHOW TimeZone"),
                queries("an error", "SET work_mem = 'x'", "SHOW work_mem"));
    }

    private static Stream<Behaviour> holding() {
        return Stream.of(
                queries("an advisory lock", "SELECT pg_advisory_lock(42)", "SELECT 1",
                        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
                        "SELECT pg_advisory_unlock(42)", "SELECT pg_advisory_unlock(42)"),
                queries("a lock through a quoted name", "SELECT \"pg_catalog\".\"pg_try_advisory_lock\"(43)", "SELECT 1", "SELECT pg_advisory_unlock_all()"),
                queries("a temporary table", "CREATE TEMP TABLE mine AS SELECT 1 AS a", "SELECT * FROM mine", "INSERT INTO mine VALUES (2)",
                        "SELECT sum(a) FROM mine", "DROP TABLE mine", "SELECT * FROM mine"),
                queries("a temporary table for the transaction", "BEGIN; CREATE TEMP TABLE mine (a int) ON COMMIT DROP", "SELECT * FROM mine", "COMMIT", "SELECT * FROM mine"),
                queries("SELECT INTO TEMP", "SELECT 5 AS a INTO TEMP mine", "TABLE mine", "DISCARD TEMP", "TABLE mine"),
                queries("a function in pg_temp", "CREATE FUNCTION pg_temp.f() RETURNS int RETURN 3", "SELECT pg_temp.f()", "DROP FUNCTION pg_temp.f()"),
                queries("a cursor WITH HOLD", "DECLARE c CURSOR WITH HOLD FOR SELECT a FROM t ORDER BY 1", "FETCH 1 FROM c", "FETCH 1 FROM c", "CLOSE c", "FETCH 1 FROM c"),
                queries("SQL's PREPARE", "PREPARE q(int) AS SELECT $1 + 1", "EXECUTE q(1)", "EXECUTE q(2)", "DEALLOCATE q", "EXECUTE q(3)"),
                new Behaviour("PREPARE and DEALLOCATE in one go", client -> {
                    client.send(new Query("PREPARE q AS SELECT 1"), new Query("DEALLOCATE q"));
                    var all = new ArrayList<>(client.untilReady());
                    all.addAll(client.untilReady());
                    all.addAll(client.query("SELECT 1"));
                    return all;
                }),
                queries("LISTEN", "LISTEN news", "SELECT 1", "NOTIFY other", "SELECT pg_listening_channels()", "UNLISTEN *", "SELECT pg_listening_channels()"));
    }

    private static Stream<Behaviour> statements() {
        return Stream.of(
                new Behaviour("a named statement", client -> {
                    var all = new ArrayList<>(client.pipeline(new Parse("s", "SELECT $1::int + 1 AS n", List.of())));
                    for (int i = 0; i < 4; i++) {
                        all.addAll(run(client, "s", String.valueOf(i)));
                    }
                    all.addAll(client.pipeline(new Describe(Target.STATEMENT, "s")));
                    all.addAll(client.pipeline(new Close(Target.STATEMENT, "s")));
                    all.addAll(run(client, "s", "1"));
                    return all;
                }),
                new Behaviour("more statements than a connection keeps", client -> {
                    var all = new ArrayList<String>();
                    for (int i = 0; i < 12; i++) {
                        all.addAll(client.pipeline(new Parse("s" + i, "SELECT 100 + " + i, List.of())));
                    }
                    for (int i = 0; i < 24; i++) {
                        all.addAll(run(client, "s" + i % 12));
                    }
                    return all;
                }),
                new Behaviour("the unnamed statement, bound in a later pipeline", client -> {
                    var all = new ArrayList<>(client.pipeline(new Parse("", "SELECT $1::text || '!'", List.of()), new Describe(Target.STATEMENT, "")));
                    all.addAll(run(client, "", "a"));
                    all.addAll(run(client, "", "b"));
                    all.addAll(client.pipeline(new Parse("", "SELECT 'second'", List.of())));
                    all.addAll(run(client, ""));
                    all.addAll(client.query("SELECT 1"));
                    all.addAll(run(client, ""));
                    return all;
                }),
                new Behaviour("the unnamed statement after an error in it", client -> {
                    var all = new ArrayList<>(client.pipeline(new Parse("", "SELECT 1 / $1::int", List.of())));
                    all.addAll(run(client, "", "0"));
                    all.addAll(run(client, "", "1"));
                    all.addAll(client.pipeline(new Parse("", "SELECT oops", List.of())));
                    all.addAll(run(client, ""));
                    return all;
                }),
                new Behaviour("a setting amid a pipeline that goes on with a statement prepared with others", client -> {
                    var all = new ArrayList<>(client.query("SET search_path = one; SET my.tenant = '1'; SET array_nulls = off"));
                    all.addAll(client.pipeline(new Parse("s", "SELECT s, '{NULL}'::text[] IS NULL FROM p", List.of()), bind("s"), new Execute("", 0)));
                    all.addAll(client.query("SET search_path = two; RESET array_nulls; SET my.tenant = '2'"));
                    all.addAll(setting(client, "SET my.tenant = '3'"));
                    all.addAll(setting(client, "SET search_path = 'two', 'one'"));
                    all.addAll(client.query("BEGIN"));
                    all.addAll(setting(client, "SET LOCAL search_path = one"));
                    all.addAll(client.query("COMMIT; SHOW search_path"));
                    all.addAll(client.query("SHOW array_nulls"));
                    return all;
                }),
                new Behaviour("a statement with a warning", client -> {
                    var all = new ArrayList<>(client.query("SET standard_conforming_strings = off"));
                    all.addAll(client.pipeline(new Parse("s", "SELECT 'a\\\\b'", List.of()), new Parse("", "SELECT 'c\\\\d'", List.of())));
                    all.addAll(run(client, "s"));
                    all.addAll(run(client, ""));
                    return all;
                }),
                new Behaviour("ROLLBACK prepared with other settings, in a transaction that has failed", client -> {
                    var all = new ArrayList<>(client.pipeline(new Parse("s", "ROLLBACK", List.of())));
                    all.addAll(client.query("SET search_path = one"));
                    all.addAll(client.query("BEGIN; SELECT oops"));
                    all.addAll(run(client, "s"));
                    return all;
                }),
                new Behaviour("no unnamed statement", client -> run(client, "")),
                new Behaviour("a Parse that fails is not remembered", client -> {
                    var all = new ArrayList<>(client.pipeline(new Parse("s", "SELECT oops", List.of())));
                    all.addAll(run(client, "s"));
                    all.addAll(client.pipeline(new Parse("s", "SELECT 'now it works'", List.of())));
                    all.addAll(run(client, "s"));
                    return all;
                }),
                new Behaviour("a Parse in a failed transaction", client -> {
                    var all = new ArrayList<>(client.query("BEGIN"));
                    all.addAll(client.query("SELECT oops"));
                    all.addAll(client.pipeline(new Parse("s", "SELECT 1", List.of())));
                    all.addAll(client.query("ROLLBACK"));
                    all.addAll(run(client, "s"));
                    return all;
                }),
                new Behaviour("a statement whose columns DDL changes", client -> changing(client, "ALTER TABLE changing ADD b int DEFAULT 2", Target.STATEMENT)),
                new Behaviour("the same, described by its portal", client -> changing(client, "ALTER TABLE changing ALTER a TYPE text", Target.PORTAL)),
                new Behaviour("a statement whose columns DDL leaves", client -> changing(client, "ALTER TABLE changing ALTER a SET DEFAULT 7", Target.STATEMENT)),
                new Behaviour("a name taken already", client -> {
                    var all = new ArrayList<>(client.pipeline(new Parse("s", "SELECT 1", List.of())));
                    all.addAll(client.pipeline(new Parse("s", "SELECT 2", List.of())));
                    all.addAll(run(client, "s"));
                    all.addAll(client.query("BEGIN"));
                    all.addAll(client.pipeline(new Parse("s", "SELECT 2", List.of())));
                    all.addAll(client.query("SELECT 1"));
                    all.addAll(client.query("ROLLBACK"));
                    return all;
                }),
                new Behaviour("what a failed pipeline has skipped", client -> {
                    var all = new ArrayList<>(client.pipeline(new Parse("a", "SELECT 'a'", List.of())));
                    all.addAll(client.pipeline(
                            new Parse("", "SELECT oops", List.of()), new Parse("b", "SELECT 'b'", List.of()), new Close(Target.STATEMENT, "a")));
                    all.addAll(run(client, "a"));
                    all.addAll(run(client, "b"));
                    return all;
                }),
                new Behaviour("pipelines without waiting, the first of which fails", client -> {
                    var all = new ArrayList<>(client.pipeline(new Parse("a", "SELECT 'a' || $1::text", List.of())));
                    client.send(new Parse("", "SELECT oops", List.of()), bind("a", "1"), new Execute("", 0), new Sync());
                    client.send(bind("a", "2"), new Execute("", 0), new Sync());
                    all.addAll(client.untilReady());
                    all.addAll(client.untilReady());
                    return all;
                }),
                new Behaviour("an unnamed statement that was skipped", client -> {
                    var all = new ArrayList<>(client.query("SELECT 1"));
                    client.send(new Parse("a", "SELECT oops", List.of()), new Parse("", "SELECT 'skipped'", List.of()), new Sync());
                    client.send(bind(""), new Execute("", 0), new Sync());
                    all.addAll(client.untilReady());
                    all.addAll(client.untilReady());
                    return all;
                }),
                new Behaviour("Flush in place of Sync", client -> {
                    client.send(new Parse("f", "SELECT a FROM t ORDER BY 1", List.of()), bind("f"), new Describe(Target.PORTAL, ""), new Flush());
                    var all = new ArrayList<>(client.until("T"));
                    client.send(new Execute("", 2), new Flush());
                    all.addAll(client.until("s"));
                    client.send(new Execute("", 2));
                    all.addAll(client.pipeline());
                    return all;
                }),
                new Behaviour("DEALLOCATE ALL", client -> {
                    var all = new ArrayList<>(client.pipeline(new Parse("s", "SELECT 1", List.of())));
                    all.addAll(client.query("DEALLOCATE ALL"));
                    all.addAll(run(client, "s"));
                    all.addAll(client.pipeline(new Parse("s", "SELECT 2", List.of()), bind("s"), new Execute("", 0)));
                    all.addAll(client.pipeline(new Parse("", "DISCARD ALL", List.of()), bind(""), new Execute("", 0)));
                    all.addAll(run(client, "s"));
                    return all;
                }),
                new Behaviour("DEALLOCATE and EXECUTE of a statement of the protocol", client -> {
                    var all = new ArrayList<>(client.pipeline(new Parse("S_1", "SELECT 1", List.of()), new Parse("s_2", "SELECT 2", List.of())));
                    all.addAll(client.query("EXECUTE \"S_1\""));
                    all.addAll(client.query("EXECUTE s_2; EXECUTE s_2"));
                    all.addAll(client.query("DEALLOCATE \"S_1\""));
                    all.addAll(run(client, "S_1"));
                    all.addAll(client.query("DEALLOCATE PREPARE s_2"));
                    all.addAll(run(client, "s_2"));
                    all.addAll(client.query("DEALLOCATE s_2"));
                    return all;
                }),
                new Behaviour("a statement whose table has changed", client -> {
                    var all = new ArrayList<>(client.query("CREATE TABLE changing (a int)"));
                    all.addAll(client.pipeline(new Parse("c", "SELECT * FROM changing", List.of()), bind("c"), new Execute("", 0)));
                    all.addAll(client.query("ALTER TABLE changing ADD b int"));
                    all.addAll(client.pipeline(new Parse("d", "SELECT * FROM changing", List.of()), bind("d"), new Execute("", 0)));
                    all.addAll(client.query("DROP TABLE changing"));
                    all.addAll(run(client, "d"));
                    return all;
                }),
                new Behaviour("a statement under two search paths", client -> {
                    var all = new ArrayList<>(client.query("SET search_path = one"));
                    all.addAll(client.pipeline(new Parse("p", "SELECT s FROM p", List.of()), bind("p"), new Execute("", 0)));
                    all.addAll(client.query("SET search_path = two"));
                    all.addAll(run(client, "p"));
                    all.addAll(client.pipeline(new Parse("q", "SELECT s FROM p", List.of()), bind("q"), new Execute("", 0)));
                    return all;
                }),
                new Behaviour("literals read with other settings", client -> {
                    var all = new ArrayList<>(client.query("SET DateStyle = 'ISO, DMY'"));
                    all.addAll(client.pipeline(new Parse("x", "SELECT '01/02/2003'::date", List.of()), bind("x"), new Execute("", 0)));
                    all.addAll(client.query("SET DateStyle = 'ISO, MDY'"));
                    all.addAll(run(client, "x"));
                    all.addAll(client.pipeline(new Parse("y", "SELECT '01/02/2003'::date", List.of()), bind("y"), new Execute("", 0)));
                    return all;
                }),
                new Behaviour("a long value", client -> {
                    var all = new ArrayList<>(client.pipeline(new Parse("long", "SELECT length($1::text), md5($1)", List.of())));
                    all.addAll(run(client, "long", "x".repeat(3_000_000)));
                    all.addAll(run(client, "long", "y".repeat(9_000)));
                    all.addAll(run(client, "long", "z".repeat(8_180)));
                    return all;
                }),
                new Behaviour("a long statement", client -> {
                    String sql = "SELECT length('" + "x".repeat(2_000_000) + "')";
                    var all = new ArrayList<>(client.pipeline(new Parse("l", sql, List.of()), new Parse("", sql, List.of())));
                    all.addAll(run(client, "l"));
                    all.addAll(run(client, ""));
                    return all;
                }),
                new Behaviour("errors speak of the client's names", client -> {
                    var all = new ArrayList<>(client.pipeline(new Parse("mine", "SELECT $1::int", List.of())));
                    all.addAll(run(client, "mine"));
                    all.addAll(run(client, "mine", "1", "2"));
                    all.addAll(run(client, "none"));
                    all.addAll(client.pipeline(new Describe(Target.STATEMENT, "none")));
                    return all;
                }));
    }

    @ParameterizedTest
    @MethodSource("behaviours")
    void the_same_as_on_a_connection_of_its_own(Behaviour behaviour) {
        List<String> expected;
        try (RawClient direct = proxy.direct()) {
            expected = behaviour.talk.apply(direct);
        }
        try (var disturber = new Disturber(proxy);
                RawClient client = proxy.client()) {
            client.beforeEachTurn(disturber::swap);
            assertThat(behaviour.talk.apply(client)).isEqualTo(expected);
        }
        nothing_is_left();
    }

    @ParameterizedTest
    @MethodSource("io.pgtrickle.proxy.conversation.Conversation#all")
    void the_same_bytes_as_on_a_connection_of_its_own(Conversation conversation) {
        try (RawClient direct = proxy.direct();
                var disturber = new Disturber(proxy);
                RawClient client = proxy.client()) {
            List<String> expected = conversation.talk().apply(direct);
            client.beforeEachTurn(disturber::swap);
            assertThat(conversation.talk().apply(client)).isEqualTo(expected);
            assertThat(client.query("SELECT 'still here'")).contains("D still here");
        }
        nothing_is_left();
    }

    /** Two clients after one another, so that one has the connection the other had. */
    private void nothing_is_left() {
        try (RawClient direct = proxy.direct();
                RawClient one = proxy.client();
                RawClient two = proxy.client()) {
            for (RawClient client : List.of(one, two)) {
                client.query("BEGIN");
            }
            for (String query : List.of(
                    "SHOW work_mem", "SHOW search_path", "SHOW TimeZone", "SHOW statement_timeout", "SELECT current_user", "SHOW application_name",
                    "SELECT coalesce(current_setting('my.own', true), '') || coalesce(current_setting('my.tenant', true), '')",
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
                    "SELECT count(*) FROM pg_prepared_statements WHERE from_sql", "SELECT count(*) FROM pg_listening_channels()",
                    "SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()")) {
                List<String> expected = direct.query(query).stream().map(line -> line.equals("Z I") ? "Z T" : line).toList();
                assertThat(one.query(query)).isEqualTo(expected);
                assertThat(two.query(query)).isEqualTo(expected);
            }
        }
    }

    @Test
    void startup_parameters_follow_the_client() {
        Map<String, String> parameters = Map.of(
                "application_name", "app", "options", "-c work_mem=5MB", "DateStyle", "German", "search_path", "one,two");
        try (RawClient direct = RawClient.connect(proxy.server, proxy.database, 0, parameters);
                var disturber = new Disturber(proxy)) {
            try (RawClient client = RawClient.connect(proxy.address, proxy.database, 0, parameters)) {
                client.beforeEachTurn(disturber::swap);
                for (String query : List.of(
                        "SHOW application_name", "SHOW work_mem", "SHOW DateStyle", "SHOW search_path", "SET work_mem = '9MB'", "RESET work_mem",
                        "SHOW work_mem", "DISCARD ALL", "SHOW work_mem", "SHOW DateStyle", "SHOW application_name")) {
                    assertThat(client.query(query)).as(query).isEqualTo(direct.query(query));
                }
            }
        }
    }

    @Test
    void a_reset_of_something_else_leaves_what_a_session_has_begun_with_as_it_is() {
        Map<String, String> parameters = Map.of("application_name", "begun");
        try (RawClient direct = RawClient.connect(proxy.server, proxy.database, 0, parameters);
                var disturber = new Disturber(proxy);
                RawClient client = RawClient.connect(proxy.address, proxy.database, 0, parameters)) {
            client.beforeEachTurn(disturber::swap);
            for (String query : List.of(
                    "SET application_name = 'mine'", "RESET work_mem", "SHOW application_name", "SHOW application_name",
                    "BEGIN; RESET ALL; ROLLBACK", "SHOW application_name", "RESET ALL; SET application_name = 'again'", "SHOW application_name",
                    "RESET application_name", "SHOW application_name", "SHOW application_name")) {
                assertThat(client.query(query)).as(query).isEqualTo(direct.query(query));
            }
        }
    }

    @Test
    void an_unnamed_statement_outlives_the_settings_of_others() throws IOException {
        try (var single = new Proxy(PooledProxy.config(directory, "pool_mode = transaction", "default_pool_size = 1"));
                RawClient client = single.client();
                RawClient other = single.client()) {
            client.query("SET work_mem = '7MB'");
            other.pipeline(new Parse("s", "SELECT 'other'", List.of()));
            client.pipeline(new Parse("", "SELECT 'mine'", List.of()));
            assertThat(run(other, "s")).contains("D other");
            assertThat(run(client, "")).contains("D mine");
        }
    }
}
