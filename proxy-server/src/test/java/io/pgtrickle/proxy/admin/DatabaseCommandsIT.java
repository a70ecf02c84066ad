// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** PAUSE and its relatives: what they do to clients and servers, also amid traffic. */
@Timeout(120)
class DatabaseCommandsIT {

    @TempDir
    private static Path directory;

    /** Clients that insert one row after the other, and know how many they have. */
    private static final class Load implements AutoCloseable {

        private final AtomicBoolean ended = new AtomicBoolean();
        private final AtomicInteger inserted = new AtomicInteger();
        private final List<CompletableFuture<Void>> clients = new ArrayList<>();

        Load(AdminLab lab, int count) throws Exception {
            try (Connection direct = lab.postgres.connect(lab.database);
                    Statement statement = direct.createStatement()) {
                statement.execute("CREATE TABLE load (n int)");
            }
            for (int i = 0; i < count; i++) {
                clients.add(CompletableFuture.runAsync(() -> insert(lab), task -> Thread.ofVirtual().start(task)));
            }
            awaitMore();
        }

        private void insert(AdminLab lab) {
            try (Connection client = lab.client();
                    var statement = client.prepareStatement("INSERT INTO load VALUES (?)")) {
                while (!ended.get()) {
                    statement.setInt(1, inserted.get());
                    statement.executeUpdate();
                    inserted.incrementAndGet();
                }
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        }

        void awaitMore() throws Exception {
            int enough = inserted.get() + 200;
            AdminLab.until(() -> inserted.get() > enough || clients.stream().anyMatch(CompletableFuture::isCompletedExceptionally));
        }

        /** Fails if any client has failed. */
        void end() throws Exception {
            ended.set(true);
            for (CompletableFuture<Void> client : clients) {
                client.get(20, TimeUnit.SECONDS);
            }
        }

        @Override
        public void close() {
            ended.set(true);
        }
    }

    private static int rows(AdminLab lab) throws SQLException {
        try (Connection direct = lab.postgres.connect(lab.database)) {
            return Integer.parseInt(AdminLab.query(direct, "SELECT count(*) FROM load"));
        }
    }

    private static int connections(AdminLab lab) throws SQLException {
        try (Connection direct = lab.postgres.connect("postgres")) {
            return Integer.parseInt(AdminLab.query(direct, "SELECT count(*) FROM pg_stat_activity WHERE datname = '" + lab.database + "'"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "named"})
    void pause_and_resume_lose_no_query(String which) throws Exception {
        try (var lab = new AdminLab(directory, "pool_mode = transaction", "default_pool_size = 3");
                Load load = new Load(lab, 8)) {
            String name = which.isEmpty() ? "" : " " + lab.database;
            for (int i = 0; i < 5; i++) {
                lab.command("PAUSE" + name);
                int before = load.inserted.get();
                assertThat(lab.show("SERVERS")).as("when PAUSE returns").isEmpty();
                AdminLab.until(() -> connections(lab) == 0); // a server process takes a moment to end
                Thread.sleep(50);
                assertThat(rows(lab)).isGreaterThanOrEqualTo(before).isLessThanOrEqualTo(before + 8);
                assertThat(lab.show("DATABASES", lab.database)).containsEntry("paused", "1");
                assertThat(lab.show("STATE", "paused")).containsEntry("value", which.isEmpty() ? "yes" : "no");
                lab.command("RESUME" + name);
                load.awaitMore();
            }
            load.end();
            assertThat(rows(lab)).isEqualTo(load.inserted.get());
        }
    }

    @Test
    void reconnect_under_load_loses_no_query_and_leaves_no_old_connection() throws Exception {
        try (var lab = new AdminLab(directory, "pool_mode = transaction", "default_pool_size = 3");
                Load load = new Load(lab, 8)) {
            for (int i = 0; i < 10; i++) {
                List<String> before = lab.show("SERVERS").stream().map(server -> server.get("id")).toList();
                lab.command("RECONNECT");
                lab.command("WAIT_CLOSE");
                assertThat(lab.show("SERVERS")).extracting(server -> server.get("id")).doesNotContainAnyElementsOf(before);
                load.awaitMore();
            }
            load.end();
            assertThat(rows(lab)).isEqualTo(load.inserted.get());
        }
    }

    @Test
    void pause_waits_for_transactions_and_clients_for_resume() throws Exception {
        try (var lab = new AdminLab(directory, "pool_mode = transaction");
                Connection busy = lab.client();
                Connection idle = lab.client();
                Connection boss = lab.boss()) {
            AdminLab.query(idle, "SELECT 1");
            busy.setAutoCommit(false);
            AdminLab.query(busy, "SELECT 1");
            CompletableFuture<Void> pausing = CompletableFuture.runAsync(() -> execute(boss, "PAUSE " + lab.database));
            AdminLab.until(() -> lab.show("DATABASES", lab.database).get("paused").equals("1"));
            assertThat(AdminLab.query(busy, "SELECT 2")).isEqualTo("2");
            assertThat(pausing).isNotDone();
            busy.commit();
            pausing.get(10, TimeUnit.SECONDS);
            CompletableFuture<String> query = CompletableFuture.supplyAsync(() -> queried(idle));
            CompletableFuture<Connection> newcomer = CompletableFuture.supplyAsync(() -> connected(lab));
            AdminLab.until(() -> lab.show("POOLS", lab.database).get("cl_waiting").equals("1"));
            assertThat(query).isNotDone();
            assertThatThrownBy(() -> execute(boss, "PAUSE " + lab.database)).hasMessageContaining("is paused already");
            execute(boss, "RESUME " + lab.database);
            assertThat(query.get(10, TimeUnit.SECONDS)).isEqualTo("3");
            newcomer.get(10, TimeUnit.SECONDS).close();
        }
    }

    @Test
    void resume_ends_a_pause_that_still_waits() throws Exception {
        try (var lab = new AdminLab(directory, "pool_mode = session");
                Connection holder = lab.client();
                Connection boss = lab.boss()) {
            AdminLab.query(holder, "SELECT 1");
            CompletableFuture<Void> pausing = CompletableFuture.runAsync(() -> execute(boss, "PAUSE"));
            AdminLab.until(() -> lab.show("STATE", "paused").get("value").equals("yes"));
            lab.command("RESUME");
            assertThatThrownBy(() -> pausing.get(10, TimeUnit.SECONDS)).hasMessageContaining("RESUME came before");
            assertThat(AdminLab.query(boss, "SHOW VERSION")).isNotEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "named"})
    void kill_drops_everybody_at_once_and_newcomers_wait(String which) throws Exception {
        try (var lab = new AdminLab(directory, "pool_mode = transaction");
                Connection busy = lab.client();
                Connection idle = lab.client();
                Connection other = lab.connect("other", "postgres", "postgres", Map.of())) {
            String name = which.isEmpty() ? "" : " " + lab.database;
            AdminLab.query(idle, "SELECT 1");
            AdminLab.query(other, "SELECT 1");
            CompletableFuture<String> sleeping = CompletableFuture.supplyAsync(() -> queried(busy, "SELECT 1 FROM pg_sleep(30)"));
            AdminLab.until(() -> lab.show("POOLS", lab.database).get("sv_active").equals("1"));
            lab.command("KILL" + name);
            assertThatThrownBy(() -> sleeping.get(5, TimeUnit.SECONDS)).hasMessageContaining("due to administrator command");
            assertThatThrownBy(() -> AdminLab.query(idle, "SELECT 1")).hasMessageContaining("due to administrator command");
            AdminLab.until(() -> connections(lab) == 0 || lab.show("SERVERS").stream().noneMatch(server -> server.get("database").equals(lab.database)));
            CompletableFuture<Connection> newcomer = CompletableFuture.supplyAsync(() -> connected(lab));
            Thread.sleep(200);
            assertThat(lab.show("SERVERS")).noneMatch(server -> server.get("database").equals(lab.database));
            if (!which.isEmpty()) {
                assertThat(AdminLab.query(other, "SELECT 5")).isEqualTo("5");
            }
            lab.command("RESUME" + name);
            try (Connection client = newcomer.get(10, TimeUnit.SECONDS)) {
                assertThat(AdminLab.query(client, "SELECT 4")).isEqualTo("4");
            }
        }
    }

    @Test
    void one_client_can_be_killed() throws Exception {
        try (var lab = new AdminLab(directory, "pool_mode = transaction");
                Connection victim = lab.connect(lab.database, "postgres", "postgres", Map.of("ApplicationName", "victim"));
                Connection bystander = lab.client()) {
            AdminLab.query(victim, "SELECT 1");
            String id = lab.show("CLIENTS").stream().filter(client -> client.get("application_name").equals("victim")).findFirst().orElseThrow().get("id");
            lab.command("KILL_CLIENT " + id);
            assertThatThrownBy(() -> AdminLab.query(victim, "SELECT 1")).hasMessageContaining("due to administrator command");
            assertThat(AdminLab.query(bystander, "SELECT 6")).isEqualTo("6");
        }
    }

    @Test
    void a_disabled_database_keeps_its_clients_and_gets_no_new_ones() throws Exception {
        try (var lab = new AdminLab(directory, "pool_mode = transaction");
                Connection client = lab.client()) {
            lab.command("DISABLE " + lab.database);
            assertThat(lab.show("DATABASES", lab.database)).containsEntry("disabled", "1");
            assertThat(AdminLab.query(client, "SELECT 7")).isEqualTo("7");
            assertThatThrownBy(lab::client).hasMessageContaining("is not currently accepting connections");
            lab.connect("other", "postgres", "postgres", Map.of()).close();
            lab.command("ENABLE " + lab.database);
            lab.client().close();
        }
    }

    @Test
    void reconnect_leaves_a_session_its_connection_until_it_ends() throws Exception {
        try (var lab = new AdminLab(directory, "pool_mode = session");
                Connection boss = lab.boss()) {
            String pid;
            CompletableFuture<Void> closing;
            try (Connection client = lab.client()) {
                pid = AdminLab.query(client, "SELECT pg_backend_pid()");
                execute(boss, "RECONNECT " + lab.database);
                assertThat(lab.show("SERVERS").getFirst()).containsEntry("close_needed", "1").containsEntry("state", "active");
                closing = CompletableFuture.runAsync(() -> execute(boss, "WAIT_CLOSE " + lab.database));
                assertThat(AdminLab.query(client, "SELECT pg_backend_pid()")).isEqualTo(pid);
                assertThat(closing).isNotDone();
            }
            closing.get(10, TimeUnit.SECONDS);
            try (Connection client = lab.client()) {
                assertThat(AdminLab.query(client, "SELECT pg_backend_pid()")).isNotEqualTo(pid);
            }
        }
    }

    @Test
    void shutdown_comes_when_the_last_client_has_left() throws Exception {
        try (var lab = new AdminLab(directory, "pool_mode = transaction");
                Connection boss = lab.boss()) {
            try (Connection client = lab.client()) {
                execute(boss, "SHUTDOWN WAIT_FOR_CLIENTS");
                assertThat(AdminLab.query(client, "SELECT 8")).isEqualTo("8");
                assertThatThrownBy(lab::client).hasMessageContaining("refused");
                assertThat(lab.proxy.ended()).isNotDone();
            }
            lab.proxy.ended().get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void shutdown_comes_when_no_client_uses_a_server_connection() throws Exception {
        try (var lab = new AdminLab(directory, "pool_mode = transaction", "default_pool_size = 1");
                Connection boss = lab.boss();
                Connection busy = lab.client();
                Connection waiting = lab.client()) {
            busy.setAutoCommit(false);
            AdminLab.query(busy, "SELECT 1");
            CompletableFuture<String> query = CompletableFuture.supplyAsync(() -> queried(waiting));
            AdminLab.until(() -> lab.show("POOLS", lab.database).get("cl_waiting").equals("1"));
            execute(boss, "SHUTDOWN WAIT_FOR_SERVERS");
            assertThatThrownBy(() -> query.get(5, TimeUnit.SECONDS)).hasMessageContaining("the proxy is shutting down");
            assertThatThrownBy(() -> execute(boss, "RESUME")).hasMessageContaining("shutting down");
            assertThat(AdminLab.query(busy, "SELECT 9")).isEqualTo("9");
            assertThat(lab.proxy.ended()).isNotDone();
            busy.commit();
            lab.proxy.ended().get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void shutdown_now_is_now() throws Exception {
        try (var lab = new AdminLab(directory);
                Connection client = lab.client()) {
            AdminLab.query(client, "SELECT 1");
            lab.command("SHUTDOWN");
            lab.proxy.ended().get(1, TimeUnit.SECONDS);
        }
    }

    private static void execute(Connection connection, String command) {
        try (Statement statement = connection.createStatement()) {
            statement.execute(command);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String queried(Connection connection) {
        return queried(connection, "SELECT 3");
    }

    private static String queried(Connection connection, String sql) {
        try {
            return AdminLab.query(connection, sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Connection connected(AdminLab lab) {
        try {
            return lab.client();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
