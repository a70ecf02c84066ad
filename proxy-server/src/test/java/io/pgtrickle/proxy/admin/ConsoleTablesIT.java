// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.proxy.admin.AdminLab.Row;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What SHOW shows: columns that tools rely on, and numbers that are true. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConsoleTablesIT {

    private static final String SOCKETS = "type user database replication state addr port:int4 local_addr local_port:int4 connect_time request_time"
            + " wait:int4 wait_us:int4 close_needed:int4 ptr link remote_pid:int4 tls application_name prepared_statements:int4 id:int4";
    private static final String BUFFERS =
            " recv_pos:int4 pkt_pos:int4 pkt_remain:int4 send_pos:int4 send_remain:int4 pkt_avail:int4 send_avail:int4";

    @TempDir
    private static Path directory;

    private AdminLab lab;

    @BeforeAll
    void start() throws IOException {
        lab = new AdminLab(directory, "pool_mode = transaction", "default_pool_size = 7", "stats_period = 0.2");
    }

    @AfterAll
    void stop() {
        lab.close();
    }

    private static String described(ResultSetMetaData columns) throws SQLException {
        var text = new StringBuilder();
        for (int i = 1; i <= columns.getColumnCount(); i++) {
            text.append(i == 1 ? "" : " ").append(columns.getColumnName(i));
            text.append(columns.getColumnTypeName(i).equals("text") ? "" : ":" + columns.getColumnTypeName(i));
        }
        return text.toString();
    }

    static Stream<List<String>> tables() {
        return Stream.of(
                List.of("CONFIG", "key value default changeable"),
                List.of("DATABASES", "name host port:int4 database force_user pool_size:int4 min_pool_size:int4 reserve_pool_size:int4"
                        + " server_lifetime:int4 pool_mode load_balance_hosts max_connections:int4 current_connections:int4"
                        + " max_client_connections:int4 current_client_connections:int4 paused:int4 disabled:int4"),
                List.of("POOLS", "database user cl_active:int4 cl_waiting:int4 cl_active_cancel_req:int4 cl_waiting_cancel_req:int4 sv_active:int4"
                        + " sv_active_cancel:int4 sv_being_canceled:int4 sv_idle:int4 sv_used:int4 sv_tested:int4 sv_login:int4 maxwait:int4"
                        + " maxwait_us:int4 pool_mode load_balance_hosts"),
                List.of("CLIENTS", SOCKETS),
                List.of("SERVERS", SOCKETS),
                List.of("SOCKETS", SOCKETS + BUFFERS),
                List.of("ACTIVE_SOCKETS", SOCKETS + BUFFERS),
                List.of("USERS", "name pool_size reserve_pool_size pool_mode max_user_connections:int4 current_connections:int4"
                        + " max_user_client_connections:int4 current_client_connections:int4"),
                List.of("LISTS", "list items:int4"),
                List.of("STATS", "database total_server_assignment_count:numeric total_xact_count:numeric total_query_count:numeric"
                        + " total_received:numeric total_sent:numeric total_xact_time:numeric total_query_time:numeric total_wait_time:numeric"
                        + " total_client_parse_count:numeric total_server_parse_count:numeric total_bind_count:numeric"
                        + " avg_server_assignment_count:numeric avg_xact_count:numeric avg_query_count:numeric avg_recv:numeric avg_sent:numeric"
                        + " avg_xact_time:numeric avg_query_time:numeric avg_wait_time:numeric avg_client_parse_count:numeric"
                        + " avg_server_parse_count:numeric avg_bind_count:numeric"),
                List.of("STATS_TOTALS", "database server_assignment_count:numeric xact_count:numeric query_count:numeric bytes_received:numeric"
                        + " bytes_sent:numeric xact_time:numeric query_time:numeric wait_time:numeric client_parse_count:numeric"
                        + " server_parse_count:numeric bind_count:numeric"),
                List.of("STATS_AVERAGES", "database server_assignment_count:numeric xact_count:numeric query_count:numeric bytes_received:numeric"
                        + " bytes_sent:numeric xact_time:numeric query_time:numeric wait_time:numeric avg_client_parse_count:numeric"
                        + " avg_server_parse_count:numeric avg_bind_count:numeric"),
                List.of("TOTALS", "name value:numeric"),
                List.of("MEM", "name size:int4 used:int4 free:int4 memtotal:int4"),
                List.of("DNS_HOSTS", "hostname ttl:int8 addrs"),
                List.of("DNS_ZONES", "zonename serial:int8 count:int4"),
                List.of("FDS", "fd:int4 task user database addr port:int4 cancel:int8 link:int4 client_encoding std_strings datestyle timezone password"
                        + " scram_client_key:bytea scram_server_key:bytea"),
                List.of("PEERS", "peer_id:int4 host port:int4 pool_size:int4"),
                List.of("PEER_POOLS", "peer_id:int4 cl_active_cancel_req:int4 cl_waiting_cancel_req:int4 sv_active_cancel:int4 sv_login:int4"),
                List.of("VERSION", "version"),
                List.of("STATE", "key value"));
    }

    @ParameterizedTest
    @CsvSource({"extended", "simple"})
    void columns_are_PgBouncers(String protocol) throws SQLException {
        try (Connection boss = lab.connect("pgbouncer", "boss", "the boss", Map.of("preferQueryMode", protocol));
                Statement statement = boss.createStatement()) {
            for (List<String> table : tables().toList()) {
                try (ResultSet result = statement.executeQuery("SHOW " + table.getFirst())) {
                    assertThat(described(result.getMetaData())).as(table.getFirst()).isEqualTo(table.get(1));
                }
            }
        }
    }

    @Test
    void a_statement_can_be_described_before_and_executed_often_and_in_binary() throws SQLException {
        Map<String, String> binary = Map.of("prepareThreshold", "1", "binaryTransfer", "true");
        try (Connection looker = lab.connect("pgbouncer", "looker", "just looking", binary);
                PreparedStatement statement = looker.prepareStatement("SHOW STATS;")) {
            assertThat(statement.getMetaData().getColumnName(1)).isEqualTo("database");
            for (int i = 0; i < 8; i++) {
                try (Connection client = lab.client()) {
                    AdminLab.query(client, "SELECT repeat('x', 20000)");
                }
                try (ResultSet result = statement.executeQuery()) {
                    assertThat(result.next()).isTrue();
                    assertThat(result.getString("database")).isEqualTo(lab.database);
                    assertThat(result.getLong("total_sent")).isGreaterThan(20_000L * (i + 1));
                }
            }
        }
        try (Connection looker = lab.connect("pgbouncer", "looker", "just looking", binary)) {
            looker.setAutoCommit(false);
            try (Statement statement = looker.createStatement()) {
                statement.setFetchSize(2);
                try (ResultSet rows = statement.executeQuery("SHOW CONFIG")) {
                    int count = 0;
                    while (rows.next()) {
                        count++;
                    }
                    assertThat(count).isGreaterThan(30);
                }
            }
            looker.commit();
        }
    }

    @Test
    void numbers_are_those_of_what_clients_did() throws Exception {
        try (AdminLab own = new AdminLab(directory, "pool_mode = transaction")) {
            try (Connection client = own.connect(own.database, "postgres", "postgres", Map.of("preferQueryMode", "simple"))) {
                AdminLab.query(client, "SELECT 0");
                Row before = own.show("STATS_TOTALS", own.database);
                client.setAutoCommit(false);
                AdminLab.query(client, "SELECT 1 FROM pg_sleep(0.1)");
                AdminLab.query(client, "SELECT repeat('x', 100000)");
                Thread.sleep(200);
                client.commit();
                Row after = own.show("STATS_TOTALS", own.database);
                assertThat(grown(before, after, "xact_count")).isEqualTo(1);
                assertThat(grown(before, after, "query_count")).isEqualTo(4); // BEGIN and COMMIT are queries, too
                long inQueries = grown(before, after, "query_time");
                assertThat(inQueries).isGreaterThan(100_000L);
                assertThat(grown(before, after, "xact_time") - inQueries).as("with the pause, which is no query").isGreaterThan(200_000L);
                assertThat(grown(before, after, "server_assignment_count")).isEqualTo(1);
                assertThat(grown(before, after, "bytes_sent")).isBetween(100_000L, 101_000L);
                assertThat(grown(before, after, "bytes_received")).isBetween(80L, 400L);
            }
            try (Connection client = own.client();
                    PreparedStatement statement = client.prepareStatement("SELECT ?::int + 41")) {
                Row before = own.show("STATS_TOTALS", own.database);
                for (int i = 0; i < 10; i++) {
                    statement.setInt(1, i);
                    statement.executeQuery().close();
                }
                Row after = own.show("STATS_TOTALS", own.database);
                assertThat(grown(before, after, "bind_count")).isEqualTo(10);
                assertThat(grown(before, after, "client_parse_count")).isBetween(2L, 6L);
                assertThat(grown(before, after, "server_parse_count")).isBetween(2L, 10L);
                assertThat(grown(before, after, "query_count")).isEqualTo(10);
            }
        }
    }

    private static long grown(Row before, Row after, String column) {
        return Long.parseLong(after.get(column)) - Long.parseLong(before.get(column));
    }

    @Test
    void clients_servers_and_pools_are_shown_as_they_are() throws Exception {
        try (AdminLab own = new AdminLab(directory, "pool_mode = transaction", "default_pool_size = 1");
                Connection busy = own.connect(own.database, "postgres", "postgres", Map.of("ApplicationName", "busy one"));
                Connection idle = own.client()) {
            AdminLab.query(idle, "SELECT 1");
            busy.setAutoCommit(false);
            int pid = Integer.parseInt(AdminLab.query(busy, "SELECT pg_backend_pid()"));
            Thread waiting = Thread.ofVirtual().start(() -> {
                try (Connection third = own.client()) {
                    AdminLab.query(third, "SELECT 1");
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            AdminLab.until(() -> own.show("POOLS", own.database).get("cl_waiting").equals("1"));
            assertThat(own.show("POOLS", own.database)).containsEntry("user", "postgres").containsEntry("cl_active", "2")
                    .containsEntry("sv_active", "1").containsEntry("sv_idle", "0").containsEntry("pool_mode", "transaction");
            AdminLab.until(() -> Integer.parseInt(own.show("POOLS", own.database).get("maxwait_us")) > 0);
            Row server = own.show("SERVERS").getFirst();
            assertThat(server).containsEntry("type", "S").containsEntry("user", "postgres").containsEntry("database", own.database)
                    .containsEntry("state", "active").containsEntry("remote_pid", String.valueOf(pid)).containsEntry("port", String.valueOf(own.postgres.port()))
                    .containsEntry("close_needed", "0").containsEntry("application_name", "busy one");
            List<Row> clients = own.show("CLIENTS");
            assertThat(clients).extracting(client -> client.get("database") + " " + client.get("user") + " " + client.get("state"))
                    .containsExactlyInAnyOrder(
                            own.database + " postgres active", own.database + " postgres idle", own.database + " postgres waiting", "pgbouncer looker active");
            Row active = clients.stream().filter(client -> client.get("application_name").equals("busy one")).findFirst().orElseThrow();
            assertThat(active.get("link")).isEqualTo(server.get("ptr"));
            assertThat(active.get("ptr")).isEqualTo(server.get("link"));
            assertThat(active.get("connect_time")).matches("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d \\S+");
            busy.commit();
            waiting.join();
            AdminLab.until(() -> own.show("POOLS", own.database).get("sv_idle").equals("1"));
            assertThat(own.show("LISTS", "used_servers")).containsEntry("items", "1");
            assertThat(own.show("LISTS", "used_clients")).containsEntry("items", "3");
            assertThat(own.show("DATABASES", own.database)).containsEntry("pool_size", "1").containsEntry("current_connections", "1")
                    .containsEntry("current_client_connections", "2").containsEntry("paused", "0").containsEntry("force_user", "null");
            assertThat(own.show("USERS", "postgres")).containsEntry("current_connections", "1").containsEntry("current_client_connections", "2");
            assertThat(own.show("STATS", own.database).get("total_wait_time")).isNotEqualTo("0");
        }
    }

    @Test
    void averages_are_of_the_last_period() throws Exception {
        try (Connection client = lab.client()) {
            AdminLab.until(() -> {
                AdminLab.query(client, "SELECT 1 FROM pg_sleep(0.01)");
                Row row = lab.show("STATS", lab.database);
                return Long.parseLong(row.get("avg_query_count")) > 0 && Long.parseLong(row.get("avg_query_time")) >= 9_000;
            });
            AdminLab.until(() -> lab.show("STATS", lab.database).get("avg_query_count").equals("0"));
        }
    }

    @Test
    void settings_are_shown_with_their_defaults_and_those_of_one_database_or_user() throws SQLException {
        assertThat(lab.show("CONFIG", "default_pool_size")).containsEntry("value", "7").containsEntry("default", "20").containsEntry("changeable", "yes");
        assertThat(lab.show("CONFIG", "max_client_conn")).containsEntry("value", "100");
        assertThat(lab.show("CONFIG", "max_user_connections")).containsEntry("value", "0");
        assertThat(lab.show("DATABASES", "other")).containsEntry("pool_size", "11").containsEntry("pool_mode", "session").containsEntry("database", "postgres");
        assertThat(lab.show("DATABASES", lab.database)).containsEntry("pool_size", "7").containsEntry("pool_mode", "null");
        assertThat(lab.show("USERS", "looker")).containsEntry("pool_size", "3").containsEntry("max_user_connections", "9");
        assertThat(lab.show("CONFIG", "listen_port")).containsEntry("changeable", "no");
    }
}
