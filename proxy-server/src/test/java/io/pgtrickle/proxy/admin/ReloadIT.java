// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** RELOAD and SET. */
@Timeout(120)
class ReloadIT {

    @TempDir
    private static Path directory;

    @Test
    void a_broken_file_changes_nothing_and_is_explained() throws Exception {
        try (var lab = new AdminLab(directory, "default_pool_size = 3")) {
            String good = lab.configuration();
            lab.configuration(good.replace("default_pool_size = 3", "default_pool_size = many\npool_mode = never"));
            assertThatThrownBy(() -> lab.command("RELOAD"))
                    .hasMessageContaining("RELOAD failed: ").hasMessageContaining("default_pool_size = many: must be a whole number")
                    .hasMessageContaining("pool_mode = never: must be one of").hasMessageContaining("Nothing has changed.");
            assertThat(lab.show("CONFIG", "default_pool_size")).containsEntry("value", "3");
            lab.configuration("no file at all");
            assertThatThrownBy(() -> lab.command("RELOAD")).hasMessageContaining("\"name = value\" expected");
            lab.configuration(good.replaceAll("(?m)^(other) = host=\\S+", "$1 = host=192.0.2.1"));
            assertThatThrownBy(() -> lab.command("RELOAD")).hasMessageContaining("names several servers");
            lab.client().close();
            lab.configuration(good.replace("default_pool_size = 3", "default_pool_size = 4\nfrom_the_future = 1"));
            lab.command("RELOAD");
            assertThat(lab.show("CONFIG", "default_pool_size")).containsEntry("value", "4");
        }
    }

    @Test
    void pools_take_their_new_settings_at_once() throws Exception {
        try (var lab = new AdminLab(directory, "pool_mode = transaction", "default_pool_size = 1");
                Connection holder = lab.client();
                Connection waiting = lab.client()) {
            holder.setAutoCommit(false);
            AdminLab.query(holder, "SELECT 1");
            CompletableFuture<String> query = CompletableFuture.supplyAsync(() -> queried(waiting));
            AdminLab.until(() -> lab.show("POOLS", lab.database).get("cl_waiting").equals("1"));
            lab.configuration(lab.configuration().replace("default_pool_size = 1", "default_pool_size = 2"));
            lab.command("RELOAD");
            assertThat(query.get(10, TimeUnit.SECONDS)).isEqualTo("served");
            assertThat(lab.show("DATABASES", lab.database)).containsEntry("pool_size", "2");
            holder.commit();
        }
    }

    @Test
    void set_counts_until_the_file_is_read_again() throws Exception {
        try (var lab = new AdminLab(directory, "max_client_conn = 2")) {
            try (Connection one = lab.client();
                    Connection boss = lab.boss();
                    var statement = boss.createStatement()) {
                assertThatThrownBy(lab::client).hasMessageContaining("no more connections allowed (max_client_conn)");
                statement.execute("SET max_client_conn = 3");
                statement.execute("SET server_check_query = 'select 2'");
                lab.client().close();
                assertThat(AdminLab.rows(boss, "SHOW CONFIG").stream().filter(row -> row.get("key").equals("server_check_query")).findFirst().orElseThrow())
                        .containsEntry("value", "select 2");
                statement.execute("RELOAD");
                assertThatThrownBy(lab::client).hasMessageContaining("no more connections allowed (max_client_conn)");
                assertThat(AdminLab.query(one, "SELECT 1")).isEqualTo("1");
            }
        }
    }

    @Test
    void users_come_and_go() throws Exception {
        try (var lab = new AdminLab(directory)) {
            Path users = Path.of(lab.show("CONFIG", "auth_file").get("value"));
            String before = Files.readString(users);
            assertThatThrownBy(() -> lab.connect("pgbouncer", "root", "new", Map.of())).hasMessageContaining("password authentication failed");
            Files.writeString(users, before + "\"root\" \"new\"\n");
            lab.command("RELOAD");
            lab.connect("pgbouncer", "root", "new", Map.of()).close();
            Files.writeString(users, before);
        }
    }

    /** localhost is the same server under another name. */
    @Test
    void a_database_that_moves_takes_its_clients_along() throws Exception {
        try (var lab = new AdminLab(directory, "pool_mode = transaction");
                Connection busy = lab.client();
                Connection idle = lab.client()) {
            String from = lab.show("DATABASES", lab.database).get("host");
            String to = from.equals("localhost") ? "127.0.0.1" : "localhost";
            String pid = AdminLab.query(idle, "SELECT pg_backend_pid()");
            busy.setAutoCommit(false);
            String held = AdminLab.query(busy, "SELECT pg_backend_pid()");
            lab.configuration(lab.configuration().replace("host=" + from, "host=" + to));
            lab.command("RELOAD");
            assertThat(lab.show("DATABASES", lab.database)).containsEntry("host", to);
            assertThat(AdminLab.query(busy, "SELECT pg_backend_pid()")).isEqualTo(held);
            assertThat(lab.show("SERVERS")).extracting(server -> server.get("close_needed")).containsExactly("1");
            String now = AdminLab.query(idle, "SELECT pg_backend_pid()");
            assertThat(now).isNotIn(held, pid);
            busy.commit();
            lab.command("WAIT_CLOSE");
            assertThat(AdminLab.query(busy, "SELECT pg_backend_pid()")).isNotIn(held, pid);
            busy.commit();
        }
    }

    @Test
    void a_switchover_is_pause_reload_resume() throws Exception {
        try (var lab = new AdminLab(directory, "pool_mode = transaction");
                Connection client = lab.client()) {
            assertThat(AdminLab.query(client, "SELECT current_database()")).isEqualTo(lab.database);
            lab.command("PAUSE " + lab.database);
            CompletableFuture<String> query = CompletableFuture.supplyAsync(() -> queried(client, "SELECT current_database()"));
            AdminLab.until(() -> lab.show("POOLS", lab.database).get("cl_waiting").equals("1"));
            lab.configuration(lab.configuration().replaceFirst("(?m)^(" + lab.database + " = .*)$", "$1 dbname=postgres"));
            lab.command("RELOAD");
            lab.command("RESUME " + lab.database);
            assertThat(query.get(10, TimeUnit.SECONDS)).isEqualTo("postgres");
        }
    }

    private static String queried(Connection connection) {
        return queried(connection, "SELECT 'served'");
    }

    private static String queried(Connection connection, String sql) {
        try {
            return AdminLab.query(connection, sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
