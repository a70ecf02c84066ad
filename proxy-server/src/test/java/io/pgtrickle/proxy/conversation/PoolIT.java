// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.conversation;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.wire.frontend.FrontendMessage;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import io.pgtrickle.wire.frontend.FrontendMessage.Describe;
import io.pgtrickle.wire.frontend.FrontendMessage.Execute;
import io.pgtrickle.wire.frontend.FrontendMessage.Parse;
import io.pgtrickle.wire.frontend.FrontendMessage.Target;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import io.pgtrickle.wire.frontend.FrontendMessage.Terminate;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who gets which server connection, when, and what becomes of it. */
class PoolIT {

    @TempDir
    private static Path directory;

    private static final String PID = "SELECT pg_backend_pid()";
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static Proxy proxy(String... settings) throws IOException {
        return new Proxy(PooledProxy.config(directory, settings));
    }

    /** Its rows come one by one. */
    private static final String ENDLESS = "SELECT repeat('x', 1000) FROM pg_class a, pg_class b, pg_class c, pg_class d";

    private static final String STILL_ACTIVE = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_class c%'"
            + " AND pid <> pg_backend_pid() AND state = 'active'";

    private static String pid(RawClient client) {
        return client.query(PID).get(1);
    }

    /** Connections of the proxy to its database. */
    private static int connections(Proxy proxy) {
        try (RawClient direct = RawClient.connect(proxy.server, "postgres")) {
            return Integer.parseInt(direct.query("SELECT count(*) FROM pg_stat_activity WHERE datname = '" + proxy.database + "'")
                    .get(1).substring(2));
        }
    }

    private static void until(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - deadline).as("waits too long").isNegative();
            Thread.sleep(20);
        }
    }

    @Test
    void the_connection_used_last_is_lent_first() throws IOException {
        try (var proxy = proxy("pool_mode = transaction");
                RawClient a = proxy.client();
                RawClient b = proxy.client()) {
            a.query("BEGIN");
            b.query("BEGIN");
            assertThat(pid(a)).isNotEqualTo(pid(b));
            a.query("COMMIT");
            b.query("COMMIT");
            assertThat(List.of(pid(a), pid(a), pid(a))).containsOnly(pid(a));
        }
    }

    @Test
    void or_the_one_used_longest_ago() throws IOException {
        try (var proxy = proxy("pool_mode = transaction", "server_round_robin = 1");
                RawClient a = proxy.client();
                RawClient b = proxy.client()) {
            a.query("BEGIN");
            b.query("BEGIN");
            a.query("COMMIT");
            b.query("COMMIT");
            assertThat(Stream.generate(() -> pid(a)).limit(10).distinct()).hasSize(2);
        }
    }

    @Test
    void who_waits_longest_is_served_first_and_told_that_it_waits() throws IOException {
        try (var proxy = proxy("pool_mode = transaction", "default_pool_size = 1", "query_wait_notify = 0.05");
                RawClient holder = proxy.client();
                RawClient first = proxy.client();
                RawClient second = proxy.client()) {
            holder.query("BEGIN; CREATE TABLE turns (n serial, who text)");
            first.send(new Query("INSERT INTO turns (who) VALUES ('first')"));
            assertThat(first.until("N")).hasSize(1).first().asString().contains("NOTICE 00000 No server connection available");
            second.send(new Query("INSERT INTO turns (who) VALUES ('second')"));
            second.until("N");
            holder.query("COMMIT");
            assertThat(first.untilReady()).contains("C INSERT 0 1");
            assertThat(second.untilReady()).contains("C INSERT 0 1");
            assertThat(holder.query("SELECT who FROM turns ORDER BY n")).containsSubsequence("D first", "D second");
        }
    }

    @Test
    void a_wait_ends() throws IOException {
        try (var proxy = proxy("pool_mode = transaction", "default_pool_size = 1", "query_wait_timeout = 0.2");
                RawClient holder = proxy.client();
                RawClient waiting = proxy.client()) {
            holder.query("BEGIN");
            waiting.send(new Query("SELECT 1"));
            assertThat(waiting.until("end")).contains("E FATAL 08P01 query_wait_timeout");
            assertThat(holder.query("COMMIT")).contains("C COMMIT");
        }
    }

    @Test
    void a_client_that_leaves_the_queue_takes_nothing() throws IOException {
        try (var proxy = proxy("pool_mode = transaction", "default_pool_size = 1");
                RawClient holder = proxy.client();
                RawClient last = proxy.client()) {
            holder.query("BEGIN");
            for (int i = 0; i < 5; i++) {
                RawClient leaving = proxy.client();
                leaving.send(new Query("CREATE TABLE never_" + i + " ()"));
                leaving.reset();
            }
            last.send(new Query("SELECT count(*) FROM pg_class WHERE relname LIKE 'never%'"));
            holder.query("COMMIT");
            assertThat(last.untilReady()).contains("Z I");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"session", "transaction"})
    void what_nobody_reads_any_more_is_not_produced(String mode) throws Exception {
        try (var proxy = proxy("pool_mode = " + mode, "default_pool_size = 1", "query_wait_timeout = 20")) {
            for (String statement : List.of(ENDLESS, "COPY (" + ENDLESS + ") TO STDOUT")) {
                RawClient leaving = proxy.client();
                leaving.send(new Query(statement), new Terminate());
                leaving.frame();
                leaving.close();
                try (RawClient next = proxy.client()) {
                    until(() -> next.query(STILL_ACTIVE).contains("D 0"));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"true", "database"})
    void a_replication_connection_is_the_clients_own(String replication) throws IOException {
        try (var proxy = proxy("pool_mode = transaction", "default_pool_size = 2", "server_round_robin = 1");
                RawClient other = proxy.client()) {
            for (int i = 0; i < 2; i++) {
                try (RawClient client = RawClient.connect(proxy.address, proxy.database, 2, Map.of("replication", replication, "application_name", "replica"))) {
                    for (int turn = 0; turn < 3; turn++) {
                        assertThat(client.query("IDENTIFY_SYSTEM")).contains("C IDENTIFY_SYSTEM", "Z I");
                        assertThat(other.query("SELECT 1")).contains("D 1");
                    }
                    assertThat(client.query("CREATE_REPLICATION_SLOT s TEMPORARY PHYSICAL")).contains("C CREATE_REPLICATION_SLOT");
                    assertThat(client.query("DROP_REPLICATION_SLOT s")).contains("C DROP_REPLICATION_SLOT");
                }
            }
        }
    }

    @Test
    void a_statement_from_before_ddl_does_not_return_other_columns_on_another_connection() throws IOException {
        try (var proxy = proxy("pool_mode = transaction", "default_pool_size = 3");
                RawClient client = proxy.client();
                RawClient other = proxy.client();
                RawClient third = proxy.client()) {
            other.query("CREATE TABLE changing AS SELECT 1 AS a");
            client.pipeline(new Parse("s", "SELECT * FROM changing", List.of()), new Describe(Target.STATEMENT, "s"));
            var run = new FrontendMessage[] {Bind.ofText("", "s", List.of(), StandardCharsets.UTF_8), new Execute("", 0)};
            assertThat(client.pipeline(run)).contains("D 1");
            other.query("ALTER TABLE changing ALTER a SET DEFAULT 7");
            other.query("BEGIN"); // the only connection so far
            assertThat(client.pipeline(run)).contains("D 1");
            third.query("BEGIN"); // the second one
            other.query("ALTER TABLE changing ADD b int; COMMIT; BEGIN");
            assertThat(client.pipeline(run)).contains("E ERROR 0A000 cached plan must not change result type");
            other.query("ROLLBACK");
        }
    }

    @Test
    void the_reserve_is_for_those_who_have_waited() throws Exception {
        try (var proxy = proxy("pool_mode = transaction", "default_pool_size = 1", "reserve_pool_size = 1", "reserve_pool_timeout = 0.2");
                RawClient holder = proxy.client();
                RawClient waiting = proxy.client()) {
            holder.query("BEGIN");
            assertThat(waiting.query("SELECT 'served'")).contains("D served");
            assertThat(connections(proxy)).isEqualTo(2);
            until(() -> connections(proxy) == 1);
            assertThat(holder.query("COMMIT")).contains("C COMMIT");
        }
    }

    @Test
    void connections_end_when_they_are_idle_or_old_but_not_in_use() throws Exception {
        for (String setting : List.of("server_idle_timeout = 0.3", "server_lifetime = 0.3")) {
            try (var proxy = proxy("pool_mode = transaction", setting);
                    RawClient client = proxy.client()) {
                client.query("BEGIN");
                String pid = pid(client);
                Thread.sleep(700);
                assertThat(pid(client)).isEqualTo(pid);
                client.query("COMMIT");
                until(() -> connections(proxy) == 0);
                assertThat(client.query("SELECT 'again'")).contains("D again");
            }
        }
    }

    @Test
    void some_connections_stay_open() throws Exception {
        try (var proxy = proxy("pool_mode = transaction", "min_pool_size = 3", "server_idle_timeout = 0.1")) {
            proxy.client().close();
            until(() -> connections(proxy) == 3);
            Thread.sleep(500);
            assertThat(connections(proxy)).isEqualTo(3);
        }
    }

    @Test
    void a_limit_over_all_users_of_a_database_takes_from_the_idle() throws IOException {
        try (var proxy = proxy("pool_mode = transaction", "max_db_connections = 1");
                RawClient direct = proxy.direct()) {
            direct.query("CREATE ROLE other LOGIN");
            try (RawClient one = proxy.client();
                    RawClient two = RawClient.connect(proxy.address, proxy.database, 0, Map.of("user", "other"))) {
                for (int i = 0; i < 3; i++) {
                    assertThat(one.query("SELECT current_user")).contains("D postgres");
                    assertThat(two.query("SELECT current_user")).contains("D other");
                }
                one.query("BEGIN");
                two.send(new Query("SELECT current_user"));
                assertThat(one.query("COMMIT")).contains("C COMMIT");
                assertThat(two.untilReady()).contains("D other");
            } finally {
                direct.query("DROP ROLE other");
            }
        }
    }

    @Test
    void a_transaction_of_a_client_that_vanishes_is_rolled_back() throws Exception {
        try (var proxy = proxy("pool_mode = transaction", "default_pool_size = 1");
                RawClient next = proxy.client()) {
            next.query("CREATE TABLE t (a int)");
            for (int i = 0; i < 3; i++) {
                RawClient vanishing = proxy.client();
                vanishing.query("BEGIN; INSERT INTO t VALUES (1)");
                if (i == 0) {
                    vanishing.reset();
                } else if (i == 1) {
                    vanishing.send(new Terminate());
                } else {
                    vanishing.sendBytes("Q\0\0\0\100COMMIT".getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
                    vanishing.reset();
                }
                assertThat(next.query("SELECT count(*) FROM t")).contains("D 0");
            }
        }
    }

    @Test
    void what_a_client_sent_before_it_said_goodbye_is_carried_out() throws Exception {
        try (var proxy = proxy("pool_mode = transaction", "default_pool_size = 1");
                RawClient other = proxy.client()) {
            other.query("CREATE TABLE t (a int)");
            RawClient leaving = proxy.client();
            leaving.send(new Query("INSERT INTO t VALUES (1)"), new Query("INSERT INTO t SELECT 2 FROM pg_sleep(0.2)"), new Terminate());
            assertThat(leaving.until("end")).filteredOn(line -> line.equals("C INSERT 0 1")).hasSize(2);
            assertThat(other.query("SELECT count(*) FROM t")).contains("D 2");
        }
    }

    @Test
    void a_setting_is_reported_on_a_connection_that_was_reset_for_its_next_client() throws Exception {
        try (var proxy = proxy("pool_mode = transaction", "default_pool_size = 1")) {
            try (RawClient leaving = proxy.client()) {
                leaving.send(new Query("SET work_mem = '7MB'"), new Terminate()); // gone before anybody has asked what it left
                leaving.until("end");
            }
            try (RawClient next = RawClient.connect(proxy.address, proxy.database, 0, Map.of("application_name", "a"))) {
                assertThat(next.query("SET application_name = 'b'")).contains("S application_name=b");
            }
        }
    }

    @Test
    void idle_connections_that_the_server_ends_harm_nobody() throws Exception {
        try (var proxy = proxy("pool_mode = transaction");
                RawClient client = proxy.client()) {
            client.query("SELECT 1");
            try (RawClient direct = RawClient.connect(proxy.server, "postgres")) {
                direct.query("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '" + proxy.database + "'");
            }
            assertThat(client.query("SELECT 'fine'")).contains("D fine");
        }
    }

    @Test
    void what_the_server_refuses_is_told_to_all_who_wait() throws Exception {
        try (var proxy = proxy("pool_mode = transaction")) {
            List<RawClient> clients = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                var client = new RawClient(proxy.address);
                client.start("nowhere", 0, Map.of());
                clients.add(client);
            }
            for (RawClient client : clients) {
                assertThat(client.until("end")).contains("E FATAL 3D000 database \"nowhere\" does not exist");
                client.close();
            }
        }
    }

    @Test
    void a_full_server_is_waited_for() throws Exception {
        try (var proxy = proxy("pool_mode = transaction");
                RawClient direct = RawClient.connect(proxy.server, "postgres")) {
            direct.query("ALTER DATABASE " + proxy.database + " CONNECTION LIMIT 1");
            direct.query("CREATE ROLE other LOGIN");
            try (RawClient one = RawClient.connect(proxy.address, proxy.database, 0, Map.of("user", "other"));
                    RawClient two = RawClient.connect(proxy.address, proxy.database, 0, Map.of("user", "other"))) {
                one.query("BEGIN");
                two.send(new Query("SELECT 'served'"));
                Thread.sleep(300);
                one.query("COMMIT");
                assertThat(two.untilReady()).contains("D served");
            } finally {
                direct.query("DROP ROLE other");
            }
        }
    }

    @Test
    void statement_mode_refuses_transaction_blocks() throws Exception {
        try (var proxy = proxy("pool_mode = statement", "default_pool_size = 1");
                RawClient client = proxy.client()) {
            assertThat(client.query("SELECT 1; SELECT 2")).contains("D 1", "D 2", "Z I");
            client.send(new Query("BEGIN"));
            assertThat(client.until("end")).contains("E FATAL 08P01 transaction blocks not allowed in statement pooling mode");
            try (RawClient next = proxy.client()) {
                assertThat(next.query("SELECT 'fine'")).contains("D fine", "Z I");
            }
        }
    }

    @Test
    void a_client_that_takes_its_time_to_read_leaves_a_connection_that_works() throws Exception {
        try (var proxy = proxy("pool_mode = transaction", "default_pool_size = 1");
                RawClient next = proxy.client()) {
            for (int kilobytes = 1000; kilobytes <= 9000; kilobytes += 500) {
                try (RawClient slow = proxy.client()) {
                    slow.send(new Query("SELECT repeat('x', 1000) FROM generate_series(1, " + kilobytes + ")"));
                    Thread.sleep(100);
                    next.send(new Query("SELECT 'served'"));
                    assertThat(slow.untilReady()).hasSize(kilobytes + 3);
                    assertThat(next.untilReady()).contains("D served");
                }
            }
        }
    }

    @Test
    void databases_and_users_have_settings_of_their_own() throws Exception {
        String databases = """
                a = dbname=postgres pool_mode=transaction pool_size=1 connect_query='SET work_mem = "6MB"'
                b = dbname=postgres
                * =""";
        try (var proxy = new Proxy(PooledProxy.configOf(directory, databases, "other = pool_mode=statement", "pool_mode = session"));
                RawClient one = RawClient.connect(proxy.address, "a");
                RawClient two = RawClient.connect(proxy.address, "a");
                RawClient three = RawClient.connect(proxy.address, "b");
                RawClient direct = proxy.direct()) {
            assertThat(pid(one)).isEqualTo(pid(two)).isNotEqualTo(pid(three));
            assertThat(one.query("SHOW work_mem")).contains("D 6MB");
            direct.query("CREATE ROLE other LOGIN");
            try (RawClient other = RawClient.connect(proxy.address, "a", 0, Map.of("user", "other"))) {
                other.send(new Query("BEGIN"));
                assertThat(other.until("end")).anyMatch(line -> line.contains("statement pooling mode"));
            } finally {
                direct.query("DROP ROLE other");
            }
        }
    }

    @Test
    void sessions_that_take_too_long_are_ended() throws Exception {
        try (var proxy = proxy("pool_mode = transaction", "default_pool_size = 1", "query_timeout = 0.3");
                RawClient client = proxy.client();
                RawClient next = proxy.client()) {
            client.send(new Query("SELECT pg_sleep(60)"));
            assertThat(client.until("end")).contains("E FATAL 57P05 query_timeout");
            until(() -> next.query("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'").contains("D 0"));
        }
        for (String setting : List.of("transaction_timeout", "idle_transaction_timeout")) {
            try (var proxy = proxy("pool_mode = transaction", "default_pool_size = 1", setting + " = 0.3");
                    RawClient client = proxy.client();
                    RawClient next = proxy.client()) {
                client.query("BEGIN; CREATE TABLE never ()");
                assertThat(client.until("end")).contains("E FATAL 57P05 " + setting);
                assertThat(next.query("TABLE never").getFirst()).startsWith("E ERROR 42P01");
            }
        }
        try (var proxy = proxy("pool_mode = transaction", "client_idle_timeout = 3");
                RawClient client = proxy.client()) {
            for (int i = 0; i < 3; i++) {
                Thread.sleep(100);
                assertThat(client.query("SELECT 1")).contains("D 1");
            }
            assertThat(client.until("end")).contains("E FATAL 57P05 client_idle_timeout");
        }
    }

    @Test
    void a_session_leaves_nothing_in_session_mode_either() throws Exception {
        try (var proxy = proxy("pool_mode = session", "default_pool_size = 1")) {
            String pid;
            try (RawClient client = proxy.client()) {
                pid = pid(client);
                client.query("SET work_mem = '7MB'; CREATE TEMP TABLE mine (a int); SELECT pg_advisory_lock(1)");
                client.send(new Terminate());
                client.until("end");
            }
            try (RawClient next = proxy.client()) {
                assertThat(pid(next)).isEqualTo(pid);
                assertThat(next.query("SHOW work_mem")).contains("D 4MB");
                assertThat(next.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")).contains("D 0");
                assertThat(next.query("TABLE mine").getFirst()).startsWith("E ERROR 42P01");
            }
        }
    }

    @Test
    void what_holds_a_connection_goes_with_its_client() throws Exception {
        try (var proxy = proxy("pool_mode = transaction", "default_pool_size = 1")) {
            for (boolean polite : List.of(true, false)) {
                RawClient client = proxy.client();
                client.query("SELECT pg_advisory_lock(1); CREATE TEMP TABLE mine (a int); PREPARE p AS SELECT 1; LISTEN x");
                if (polite) {
                    client.send(new Terminate());
                    client.until("end");
                } else {
                    client.reset();
                }
                try (RawClient next = proxy.client()) {
                    assertThat(next.query("SELECT pg_advisory_lock(1) IS NOT NULL, pg_advisory_unlock(1)")).contains("D t|t");
                    assertThat(next.query("TABLE mine").getFirst()).startsWith("E ERROR 42P01");
                    assertThat(next.query("EXECUTE p").getFirst()).startsWith("E ERROR 26000");
                }
            }
        }
    }
}
