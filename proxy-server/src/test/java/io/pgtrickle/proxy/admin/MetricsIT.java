// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Prometheus gets. */
class MetricsIT {

    @TempDir
    private static Path directory;

    private static List<String> scrape(int port) throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            var response = http.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics")).build(), BodyHandlers.ofString());
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(response.headers().firstValue("content-type").orElse("")).startsWith("text/plain");
            return response.body().lines().toList();
        }
    }

    @Test
    void names_are_those_of_pgbouncer_exporter_and_numbers_true() throws Exception {
        try (var lab = new AdminLab(directory, List.of("pool_mode = transaction", "max_client_conn = 55"), "metrics_listen = 127.0.0.1:0");
                Connection client = lab.client()) {
            AdminLab.query(client, "SELECT 1 FROM pg_sleep(0.1)");
            List<String> lines = scrape(lab.proxy.metricsPort().orElseThrow());
            String labels = "{database=\"" + lab.database + "\"";
            assertThat(lines).contains(
                    "pgbouncer_up 1.0",
                    "pgbouncer_config_max_client_connections 55.0",
                    "pgbouncer_config_max_user_connections 0.0",
                    "pgbouncer_used_clients 1.0",
                    "pgbouncer_used_servers 1.0",
                    "pgbouncer_databases 3.0",
                    "pgbouncer_pools_client_active_connections" + labels + ",user=\"postgres\"} 1.0",
                    "pgbouncer_pools_server_idle_connections" + labels + ",user=\"postgres\"} 1.0",
                    "# TYPE pgbouncer_stats_totals_queries_pooled_total counter",
                    "# TYPE pgbouncer_pools_client_waiting_connections gauge");
            assertThat(lines).anyMatch(line -> line.startsWith("pgbouncer_version_info{version=\"PgBouncer 1.25.0 (pgtrickle"));
            assertThat(lines).anyMatch(line -> line.startsWith("pgbouncer_databases_paused{") && line.contains("name=\"" + lab.database + "\"") && line.endsWith(" 0.0"));
            assertThat(value(lines, "pgbouncer_stats_totals_queries_duration_seconds_total" + labels + "}")).isBetween(0.1, 5.0);
            assertThat(value(lines, "pgbouncer_stats_totals_queries_pooled_total" + labels + "}")).isBetween(1.0, 5.0);
            for (String name : Stream.of(
                            "databases_pool_size", "databases_reserve_pool", "databases_max_connections", "databases_current_connections", "databases_disabled",
                            "stats_totals_received_bytes_total", "stats_totals_sent_bytes_total", "stats_totals_client_wait_seconds_total",
                            "stats_totals_sql_transactions_pooled_total", "stats_totals_server_in_transaction_seconds_total", "stats_totals_client_parses_total",
                            "stats_totals_server_parses_total", "stats_totals_binds_total", "pools_client_active_cancel_connections",
                            "pools_client_waiting_connections", "pools_client_waiting_cancel_connections", "pools_server_active_connections",
                            "pools_server_active_cancel_connections", "pools_server_being_canceled_connections", "pools_server_used_connections",
                            "pools_server_testing_connections", "pools_server_login_connections", "pools_client_maxwait_seconds", "users", "pools", "free_clients",
                            "login_clients", "free_servers", "cached_dns_names", "cached_dns_zones", "in_flight_dns_queries")
                    .map("pgbouncer_"::concat).toList()) {
                assertThat(lines).as(name).anyMatch(line -> line.startsWith(name + "{") || line.startsWith(name + " "));
            }
        }
    }

    private static double value(List<String> lines, String start) {
        return Double.parseDouble(lines.stream().filter(line -> line.startsWith(start)).findFirst().orElseThrow().substring(start.length()).strip());
    }

    @Test
    void without_the_setting_there_are_none() throws Exception {
        try (var lab = new AdminLab(directory)) {
            assertThat(lab.proxy.metricsPort()).isEmpty();
        }
    }
}
