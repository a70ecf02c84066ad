// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.conversation;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.dvm.session.SessionClosedException;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import io.pgtrickle.wire.frontend.FrontendMessage.Close;
import io.pgtrickle.wire.frontend.FrontendMessage.Describe;
import io.pgtrickle.wire.frontend.FrontendMessage.Execute;
import io.pgtrickle.wire.frontend.FrontendMessage.Flush;
import io.pgtrickle.wire.frontend.FrontendMessage.Parse;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import io.pgtrickle.wire.frontend.FrontendMessage.Sync;
import io.pgtrickle.wire.frontend.FrontendMessage.Target;
import io.pgtrickle.wire.frontend.FrontendMessage.Terminate;
import io.pgtrickle.wire.frontend.StartupPacket.CancelRequest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Our statements on their way through the proxy: order, errors, transactions; in simple and extended protocol. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class InterceptionIT {

    private static final String NO_RESULT = "n";
    private static final int INT4 = 23;
    private static final int TEXT = 25;

    private Proxy proxy;
    private RawClient client;

    @BeforeAll
    void start() {
        proxy = new Proxy();
    }

    @AfterAll
    void stop() {
        proxy.close();
    }

    @BeforeEach
    void connect() {
        client = proxy.client();
    }

    @AfterEach
    void disconnect() {
        client.query("ROLLBACK");
        client.query("SET client_min_messages = error; DROP SCHEMA public CASCADE; CREATE SCHEMA public");
        client.close();
        proxy.engines.failures.clear();
    }

    private static String create(String name, String query) {
        return "CREATE MATERIALIZED VIEW " + name + " WITH (pgtrickle.stream = true) AS " + query;
    }

    private static String creating(String name) {
        return "N NOTICE 00000 creating " + name;
    }

    private String count(String relation) {
        return client.query("SELECT count(*) FROM " + relation).get(1);
    }

    // Simple protocol.

    @Test
    void a_simple_query_of_ours_is_answered_with_its_tag() {
        assertThat(client.query(create("v", "SELECT generate_series(1, 3) AS i")))
                .containsExactly(creating("v"), "C SELECT 3", "Z I");
        assertThat(count("v")).isEqualTo("D 3");
        assertThat(client.query("REFRESH MATERIALIZED VIEW v")).containsExactly("C REFRESH MATERIALIZED VIEW", "Z I");
        assertThat(client.query("drop materialized view /* ours */ V")).containsExactly("C DROP MATERIALIZED VIEW", "Z I");
        assertThat(client.query("SELECT to_regclass('v')")).contains("D NULL");
    }

    @Test
    void ordinary_materialized_views_are_PostgreSQLs() {
        assertThat(client.query("CREATE MATERIALIZED VIEW m AS SELECT 1 AS one")).containsExactly("C SELECT 1", "Z I");
        assertThat(client.query("REFRESH MATERIALIZED VIEW m")).containsExactly("C REFRESH MATERIALIZED VIEW", "Z I");
        assertThat(client.query("DROP MATERIALIZED VIEW IF EXISTS m, n"))
                .containsExactly("N NOTICE 00000 materialized view \"n\" does not exist, skipping", "C DROP MATERIALIZED VIEW", "Z I");
        assertThat(client.query("DROP MATERIALIZED VIEW m"))
                .containsExactly("E ERROR 42P01 materialized view \"m\" does not exist", "Z I");
        assertThat(client.query("CREATE MATERIALIZED VIEW m WITH (pgtrickle.stream = false) AS SELECT 1 AS one"))
                .containsExactly("C SELECT 1", "Z I");
        assertThat(client.query("SELECT relkind FROM pg_class WHERE relname = 'm'")).contains("D m");
    }

    @Test
    void several_statements_in_a_query_share_a_transaction_and_answer_in_order() {
        assertThat(client.query("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2); " + create("v", "SELECT a FROM t")
                        + "; SELECT a FROM v ORDER BY a; SHOW server_version_num"))
                .containsExactly(
                        "C CREATE TABLE",
                        "C INSERT 0 2",
                        creating("v"),
                        "C SELECT 2",
                        "T a:23",
                        "D 1",
                        "D 2",
                        "C SELECT 2",
                        "T server_version_num:25",
                        client.query("SHOW server_version_num").get(1),
                        "C SHOW",
                        "Z I");
    }

    @Test
    void an_error_behind_ours_undoes_the_whole_query() {
        String query = create("v", "SELECT 1 AS a") + "; SELECT 1 / 0; SELECT 3";
        assertThat(client.query(query))
                .containsExactly(creating("v"), "C SELECT 1", "E ERROR 22012 division by zero", "Z I");
        assertThat(client.query("SELECT to_regclass('v')")).contains("D NULL");
    }

    @Test
    void an_error_before_ours_keeps_the_engine_out() {
        assertThat(client.query("SELECT 1 / 0; " + create("v", "SELECT 1 AS a"))).last().isEqualTo("Z I");
        assertThat(client.query("SELECT to_regclass('v')")).contains("D NULL");
    }

    @Test
    void positions_of_errors_count_from_the_start_of_the_query() {
        String before = "SELECT 'é𝄞'; ";
        assertThat(client.query(before + create("v", "SELECT nothing FROM pg_class")))
                .contains("E ERROR 42703 column \"nothing\" does not exist @" + (13 + 1
                        + create("v", "SELECT ").length()));
        assertThat(client.query(before + "SELECT oops; " + create("v", "SELECT 1")))
                .contains("E ERROR 42703 column \"oops\" does not exist @21");
    }

    @Test
    void a_failed_command_fails_the_transaction_like_any_other() {
        assertThat(client.query("BEGIN")).containsExactly("C BEGIN", "Z T");
        assertThat(client.query(create("refused", "SELECT 1 AS a")))
                .containsExactly("E ERROR 0A000 it's \"refused\" \\ $pgtrickle$", "Z E");
        String aborted = "E ERROR 25P02 current transaction is aborted, commands ignored until end of transaction block";
        assertThat(client.query(create("v", "SELECT 1 AS a"))).containsExactly(aborted, "Z E");
        assertThat(client.query("REFRESH MATERIALIZED VIEW v")).containsExactly(aborted, "Z E");
        assertThat(client.query("ROLLBACK; " + create("v", "SELECT 1 AS a")))
                .containsExactly("C ROLLBACK", creating("v"), "C SELECT 1", "Z I");
    }

    @Test
    void errors_of_the_engines_statements_do_not_speak_of_its_sql() {
        assertThat(client.query(create("v", "SELECT 1 / (a - 1) AS b FROM generate_series(1, 2) a")))
                .containsExactly(creating("v"), "E ERROR 22012 division by zero", "Z I");
        assertThat(client.query("SELECT count(*) FROM pg_prepared_statements")).contains("D 0");
    }

    @Test
    void rolling_back_leaves_nothing_and_savepoints_count() {
        client.query("BEGIN");
        client.query(create("v1", "SELECT 1 AS a"));
        client.query("SAVEPOINT s");
        assertThat(client.query(create("v2", "SELECT 1 AS a"))).containsExactly(creating("v2"), "C SELECT 1", "Z T");
        client.query("ROLLBACK TO s");
        assertThat(client.query("SELECT to_regclass('v1'), to_regclass('v2')")).contains("D v1|NULL");
        client.query("ROLLBACK");
        assertThat(client.query("SELECT to_regclass('v1')")).contains("D NULL");
    }

    @Test
    void transaction_control_in_a_query_works_as_in_PostgreSQL() {
        assertThat(client.query("BEGIN; " + create("v", "SELECT 1 AS a") + "; COMMIT; SELECT 1 / 0"))
                .containsExactly(
                        "C BEGIN", creating("v"), "C SELECT 1", "C COMMIT", "E ERROR 22012 division by zero", "Z I");
        assertThat(count("v")).isEqualTo("D 1");
        assertThat(client.query("COMMIT; " + create("w", "SELECT 1 AS a")))
                .containsExactly(
                        "N WARNING 25P01 there is no transaction in progress", "C COMMIT", creating("w"), "C SELECT 1", "Z I");
        assertThat(client.query("VACUUM; " + create("x", "SELECT 1 AS a")))
                .containsExactly("E ERROR 25001 VACUUM cannot run inside a transaction block", "Z I");
    }

    @Test
    void the_tag_comes_only_when_the_commit_has_succeeded() {
        client.query("CREATE TABLE p (a int PRIMARY KEY);"
                + "CREATE TABLE f (a int REFERENCES p DEFERRABLE INITIALLY DEFERRED)");
        assertThat(client.query("INSERT INTO f VALUES (1); " + create("v", "SELECT 1 AS a")))
                .containsExactly(
                        "C INSERT 0 1",
                        creating("v"),
                        "E ERROR 23503 insert or update on table \"f\" violates foreign key constraint \"f_a_fkey\"",
                        "Z I");
    }

    @Test
    void copy_in_and_out_beside_ours() {
        client.send(new Query("CREATE TABLE t (a int); COPY t FROM STDIN; " + create("v", "SELECT a FROM t") + "; COPY v TO STDOUT"));
        assertThat(client.until("G")).containsExactly("C CREATE TABLE", "G (5)");
        client.sendCopyData("1\n2\n");
        client.send(new Sync(), new Flush());
        client.sendCopyData("3\n");
        client.sendCopyDone();
        assertThat(client.untilReady())
                .containsExactly(
                        "C COPY 3", creating("v"), "C SELECT 3", "H (5)", "d 1", "d 2", "d 3", "c", "C COPY 3", "Z I");
    }

    @Test
    void a_copy_that_fails_midway_ends_the_query_and_late_data_is_swallowed() {
        client.query("CREATE TABLE t (a int)");
        client.send(new Query("COPY t FROM STDIN; " + create("v", "SELECT a FROM t")));
        client.until("G");
        client.sendCopyData("1\nx\n");
        client.sendCopyData("3\n".repeat(10_000));
        assertThat(client.untilReady())
                .containsExactly(
                        "E ERROR 22P02 invalid input syntax for type integer: \"x\" in COPY t, line 2, column a: \"x\"", "Z I");
        client.sendCopyData("4\n");
        client.sendCopyDone();
        assertThat(client.query("SELECT to_regclass('v')")).contains("D NULL", "Z I");
    }

    @Test
    void a_simple_query_leaves_no_unnamed_statement() {
        client.query(create("v", "SELECT 1 AS a"));
        assertThat(client.pipeline(Bind.ofText("", "", List.of(), StandardCharsets.UTF_8)))
                .containsExactly("E ERROR 26000 unnamed prepared statement does not exist", "Z I");
    }

    @Test
    void function_calls_return_a_row_and_calls_do_not() {
        assertThat(client.query("SELECT pgtrickle.create_stream_table('v', $$SELECT 'a;b' AS s$$)"))
                .containsExactly("T create_stream_table:2278", "D ", "C SELECT 1", "Z I");
        assertThat(client.query("SELECT pgtrickle.create_stream_table(name => 'w', query => 'SELECT 1 AS a') AS done; SELECT 2"))
                .containsExactly(
                        "T done:2278", "D ", "C SELECT 1", "T ?column?:23", "D 2", "C SELECT 1", "Z I");
        assertThat(client.query("/* not SELECT */ CALL pgtrickle.create_stream_table('x', 'SELECT 1 AS a')"))
                .containsExactly("C CALL", "Z I");
        assertThat(count("x")).isEqualTo("D 1");
    }

    @Test
    void other_functions_are_the_servers_and_exist_when_they_are_first_named() {
        try (Proxy fresh = new Proxy();
                RawClient first = fresh.client()) {
            assertThat(first.query("SELECT 'materialized'")).contains("C SELECT 1");
            assertThat(fresh.engines.isInstalled(fresh.database)).isFalse();
            assertThat(first.query("SELECT pgtrickle.answer()")).contains("D 42");
        }
        try (Proxy fresh = new Proxy();
                RawClient first = fresh.client()) {
            assertThat(first.pipeline(
                            new Parse("", "SELECT pgtrickle.answer() + $1", List.of()),
                            Bind.ofText("", "", List.of("1"), StandardCharsets.UTF_8),
                            new Execute("", 0)))
                    .containsExactly("1", "2", "D 43", "C SELECT 1", "Z I");
        }
    }

    @Test
    void an_ordinary_materialized_view_does_not_install_anything() {
        try (Proxy fresh = new Proxy();
                RawClient first = fresh.client()) {
            assertThat(first.query("CREATE MATERIALIZED VIEW m AS SELECT 1 AS a; REFRESH MATERIALIZED VIEW m; DROP MATERIALIZED VIEW m"))
                    .containsExactly("C SELECT 1", "C REFRESH MATERIALIZED VIEW", "C DROP MATERIALIZED VIEW", "Z I");
            assertThat(fresh.engines.isInstalled(fresh.database)).isFalse();
        }
    }

    @Test
    void text_is_read_in_the_clients_encoding() {
        client.query("SET client_encoding = 'LATIN1'");
        client.sendBytes(query((create("\"été\"", "SELECT 'ö'::text AS \"ü\"")).getBytes(StandardCharsets.ISO_8859_1)));
        assertThat(client.untilReady()).hasSize(3).last().isEqualTo("Z I");
        client.query("SET client_encoding = 'UTF8'");
        assertThat(client.query("SELECT \"ü\" FROM \"été\"")).containsExactly("T ü:25", "D ö", "C SELECT 1", "Z I");
    }

    @Test
    void the_encoding_may_change_amid_a_pipeline() {
        client.query("SET client_encoding = 'LATIN1'");
        client.send(new Parse("", "SET client_encoding = 'UTF8'", List.of()), bind("", ""), new Execute("", 0));
        assertThat(client.pipeline(
                        new Parse("", create("été", "SELECT 'ö'::text AS ü"), List.of()), bind("", ""), new Execute("", 0)))
                .contains("S client_encoding=UTF8", "C SELECT 1", "Z I");
        assertThat(client.query("SELECT ü FROM été")).contains("D ö");
    }

    @Test
    void what_a_commit_brings_comes_after_the_tag() {
        client.query("LISTEN news");
        assertThat(client.query("NOTIFY news; " + create("v", "SELECT 1 AS a")))
                .containsExactly("C NOTIFY", creating("v"), "C SELECT 1", "A (10)", "Z I");
        assertThat(client.query("SET application_name = 'x'; " + create("w", "SELECT 1 AS a")))
                .endsWith("C SELECT 1", "S application_name=x", "Z I");
    }

    private static byte[] query(byte[] text) {
        return ByteBuffer.allocate(text.length + 6).put((byte) 'Q').putInt(text.length + 5).put(text).put((byte) 0).array();
    }

    // Extended protocol.

    private static Bind bind(String portal, String statement, String... values) {
        return Bind.ofText(portal, statement, List.of(values), StandardCharsets.UTF_8);
    }

    @Test
    void an_extended_command_gets_the_replies_of_any_other() {
        assertThat(client.pipeline(
                        new Parse("", create("v", "SELECT 1 AS a"), List.of()),
                        new Describe(Target.STATEMENT, ""),
                        bind("", ""),
                        new Describe(Target.PORTAL, ""),
                        new Execute("", 0)))
                .containsExactly("1", "t []", NO_RESULT, "2", NO_RESULT, creating("v"), "C SELECT 1", "Z I");
    }

    @Test
    void ours_takes_its_turn_among_others_in_a_pipeline() {
        client.send(
                new Parse("", "CREATE TABLE t (a int)", List.of()),
                bind("", ""),
                new Execute("", 0),
                new Parse("", "INSERT INTO t VALUES ($1)", List.of()),
                bind("", "", "7"),
                new Execute("", 0),
                new Parse("ours", create("v", "SELECT a FROM t"), List.of()),
                bind("p", "ours"),
                new Execute("p", 0),
                new Parse("", "SELECT a FROM v", List.of()),
                bind("", ""),
                new Execute("", 0),
                new Sync(),
                new Query("SELECT 2"),
                new Parse("", "SELECT 3", List.of()),
                new Sync());
        assertThat(client.untilReady())
                .containsExactly(
                        "1", "2", "C CREATE TABLE", "1", "2", "C INSERT 0 1", "1", "2", creating("v"), "C SELECT 1", "1", "2",
                        "D 7", "C SELECT 1", "Z I");
        assertThat(client.untilReady()).containsExactly("T ?column?:23", "D 2", "C SELECT 1", "Z I");
        assertThat(client.untilReady()).containsExactly("1", "Z I");
    }

    @Test
    void an_error_before_ours_in_the_pipeline_skips_it() {
        assertThat(client.pipeline(
                        new Parse("", "SELECT 1 / count(*) FROM pg_class WHERE false", List.of()),
                        bind("", ""),
                        new Execute("", 0),
                        new Parse("ours", create("v", "SELECT 1 AS a"), List.of()),
                        bind("", "ours"),
                        new Execute("", 0)))
                .containsExactly("1", "2", "E ERROR 22012 division by zero", "Z I");
        assertThat(client.query("SELECT to_regclass('v')")).contains("D NULL");
        assertThat(client.pipeline(bind("", "ours")))
                .containsExactly("E ERROR 26000 prepared statement \"ours\" does not exist", "Z I");
    }

    @Test
    void an_error_of_ours_skips_the_rest_of_the_pipeline() {
        assertThat(client.pipeline(
                        new Parse("", create("refused", "SELECT 1 AS a"), List.of()),
                        bind("", ""),
                        new Execute("", 0),
                        new Parse("", "CREATE TABLE never ()", List.of()),
                        bind("", ""),
                        new Execute("", 0)))
                .containsExactly("1", "2", "E ERROR 0A000 it's \"refused\" \\ $pgtrickle$", "Z I");
        assertThat(client.query("SELECT to_regclass('never')")).contains("D NULL");
        assertThat(client.query("SELECT count(*) FROM pg_prepared_statements WHERE name <> ''")).contains("D 0");
    }

    @Test
    void a_prepared_command_can_be_executed_again_with_other_parameters() {
        client.pipeline(new Parse("s", "SELECT pgtrickle.create_stream_table($1, $2, $3)", List.of()));
        assertThat(client.pipeline(new Describe(Target.STATEMENT, "s")))
                .containsExactly("t [25, 25, 23]", "T create_stream_table:2278", "Z I");
        assertThat(client.pipeline(bind("", "s", "v", "SELECT 1 AS a", "2"), new Execute("", 0)))
                .containsExactly("2", "D ", "C SELECT 1", "Z I");
        assertThat(client.pipeline(bind("", "s", "w", "SELECT 1 AS a", "3"), new Execute("", 0)))
                .containsExactly("2", "D ", "C SELECT 1", "Z I");
        assertThat(count("v")).isEqualTo("D 3");
        assertThat(count("w")).isEqualTo("D 4");
    }

    @Test
    void binary_parameters_reach_the_engine_as_text() {
        byte[] three = ByteBuffer.allocate(4).putInt(3).array();
        byte[] name = "v".getBytes(StandardCharsets.UTF_8);
        byte[] query = "SELECT 1 AS a".getBytes(StandardCharsets.UTF_8);
        assertThat(client.pipeline(
                        new Parse("", "SELECT pgtrickle.create_stream_table($1, $2, $3)", List.of(TEXT, TEXT, INT4)),
                        new Bind("", "", List.of((short) 1), List.of(name, query, three), List.of((short) 1)),
                        new Execute("", 0)))
                .containsExactly("1", "2", "D ", "C SELECT 1", "Z I");
        assertThat(count("v")).isEqualTo("D 4");
    }

    @Test
    void a_portal_without_result_is_executed_once() {
        assertThat(client.pipeline(
                        new Parse("", create("v", "SELECT 1 AS a"), List.of()),
                        bind("", ""),
                        new Execute("", 0),
                        new Execute("", 0)))
                .containsExactly("1", "2", creating("v"), "C SELECT 1", "E ERROR 55000 portal \"\" cannot be run", "Z I");
    }

    @Test
    void a_row_limit_suspends_the_portal_of_a_function_call() {
        assertThat(client.pipeline(
                        new Parse("", "SELECT pgtrickle.create_stream_table('v', 'SELECT 1 AS a')", List.of()),
                        bind("", ""),
                        new Execute("", 1),
                        new Execute("", 1)))
                .containsExactly("1", "2", "D ", "s", "C SELECT 0", "Z I");
        assertThat(count("v")).isEqualTo("D 1");
    }

    @Test
    void a_call_shows_no_result_when_it_is_described() {
        assertThat(client.pipeline(
                        new Parse("c", "CALL pgtrickle.create_stream_table($1, $2)", List.of()),
                        new Describe(Target.STATEMENT, "c"),
                        bind("", "c", "v", "SELECT 1 AS a"),
                        new Describe(Target.PORTAL, ""),
                        new Execute("", 0)))
                .containsExactly("1", "t [25, 25]", NO_RESULT, "2", NO_RESULT, "C CALL", "Z I");
    }

    @Test
    void names_that_are_used_again_mean_the_new_statement() {
        client.pipeline(new Parse("s", create("v", "SELECT 1 AS a"), List.of()));
        assertThat(client.pipeline(new Parse("s", "SELECT 1", List.of())))
                .containsExactly("E ERROR 42P05 prepared statement \"s\" already exists", "Z I");
        assertThat(client.pipeline(bind("", "s"), new Execute("", 0))).contains(creating("v"), "C SELECT 1");
        assertThat(client.pipeline(
                        new Close(Target.STATEMENT, "s"),
                        new Parse("s", "SELECT 5", List.of()),
                        bind("", "s"),
                        new Execute("", 0)))
                .containsExactly("3", "1", "2", "D 5", "C SELECT 1", "Z I");
        client.query("DEALLOCATE s");
        assertThat(client.pipeline(bind("", "s"))).first().isEqualTo("E ERROR 26000 prepared statement \"s\" does not exist");
    }

    @Test
    void a_portal_that_is_gone_is_not_executed() {
        client.query("BEGIN; SAVEPOINT a");
        client.send(new Parse("s", create("v", "SELECT 1 AS a"), List.of()), bind("p", "s"));
        assertThat(client.pipeline()).containsExactly("1", "2", "Z T");
        client.query("ROLLBACK TO a");
        assertThat(client.pipeline(new Execute("p", 0))).containsExactly("E ERROR 34000 portal \"p\" does not exist", "Z E");
        client.query("ROLLBACK");
        assertThat(client.query("SELECT to_regclass('v')")).contains("D NULL");
    }

    @Test
    void flush_instead_of_sync_is_enough_to_get_an_answer() {
        client.send(new Parse("", create("v", "SELECT 1 AS a"), List.of()), bind("", ""), new Execute("", 0), new Flush());
        assertThat(client.until("C")).containsExactly("1", "2", creating("v"), "C SELECT 1");
        client.reset();
        client = proxy.client();
        assertThat(client.query("SELECT to_regclass('v')")).contains("D NULL");
    }

    // Going away, cancelling.

    private void untilSleeping() throws InterruptedException {
        try (RawClient observer = proxy.direct()) {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (observer.query("SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()").size() < 4) {
                assertThat(System.nanoTime()).as("the engine is at work").isLessThan(deadline);
                TimeUnit.MILLISECONDS.sleep(5);
            }
        }
    }

    @Test
    void a_cancel_request_reaches_the_engines_statement() throws Exception {
        client.query(create("v", "SELECT 1 AS a"));
        client.send(new Query("REFRESH MATERIALIZED VIEW CONCURRENTLY v"));
        untilSleeping();
        try (RawClient canceller = new RawClient(proxy.address)) {
            canceller.send(new CancelRequest(client.processId(), client.key()));
            assertThat(canceller.readByte()).isEqualTo(-1);
        }
        assertThat(client.untilReady()).containsExactly("E ERROR 57014 canceling statement due to user request", "Z I");
    }

    @Test
    void a_client_that_vanishes_ends_the_engines_call_and_its_transaction() throws Exception {
        client.query(create("v", "SELECT 1 AS a"));
        RawClient leaving = proxy.client();
        leaving.query("BEGIN; CREATE TABLE half ()");
        leaving.send(new Query("REFRESH MATERIALIZED VIEW CONCURRENTLY v"));
        untilSleeping();
        leaving.close();
        assertThat(proxy.engines.failures.poll(20, TimeUnit.SECONDS)).isInstanceOf(SessionClosedException.class);
        assertThat(client.query("SELECT to_regclass('half')")).contains("D NULL");
    }

    @Test
    void what_was_sent_before_goodbye_is_carried_out() throws Exception {
        try (RawClient leaving = proxy.client()) {
            leaving.send(new Query(create("v", "SELECT 1 AS a FROM pg_sleep(0.2)")), new Query(create("w", "SELECT a FROM v")), new Terminate());
        }
        try (RawClient observer = proxy.direct()) {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (!observer.query("SELECT to_regclass('w')").contains("D w")) {
                assertThat(System.nanoTime()).isLessThan(deadline);
                TimeUnit.MILLISECONDS.sleep(5);
            }
        }
    }

    @Test
    void the_server_going_away_under_the_engine_is_told_to_the_client() throws Exception {
        client.query(create("v", "SELECT 1 AS a"));
        try (RawClient victim = proxy.client()) {
            victim.send(new Query("REFRESH MATERIALIZED VIEW CONCURRENTLY v"));
            untilSleeping();
            client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
            assertThat(victim.until("Z"))
                    .containsExactly("E FATAL 57P01 terminating connection due to administrator command", "end");
        }
    }
}
