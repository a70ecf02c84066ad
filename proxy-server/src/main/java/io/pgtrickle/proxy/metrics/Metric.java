// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.metrics;

import java.util.List;

/**
 * A column of one of the console's tables, as pgbouncer_exporter passes it on.
 *
 * @param name without _total, which a counter's name ends in anyway
 * @param factor from the column's unit to the metric's
 */
record Metric(String table, String column, String name, double factor, boolean counter, String help) {

    private static final double MICRO = 1e-6;

    static final List<String> DATABASE_LABELS = List.of("name", "host", "port", "database", "force_user", "pool_mode");
    static final List<String> POOL_LABELS = List.of("database", "user");
    static final List<String> STATS_LABELS = List.of("database");

    private static Metric gauge(String table, String column, String name, String help) {
        return new Metric(table, column, "pgbouncer_" + table + "_" + name, 1, false, help);
    }

    private static Metric counter(String column, String name, double factor, String help) {
        return new Metric("stats_totals", column, "pgbouncer_stats_totals_" + name, factor, true, help);
    }

    static final List<Metric> DATABASES = List.of(
            gauge("databases", "pool_size", "pool_size", "Maximum number of server connections"),
            gauge("databases", "min_pool_size", "min_pool_size", "Number of server connections that are kept open"),
            gauge("databases", "reserve_pool_size", "reserve_pool", "Maximum number of additional server connections"),
            gauge("databases", "max_connections", "max_connections", "Maximum number of server connections of all users"),
            gauge("databases", "current_connections", "current_connections", "Number of server connections"),
            gauge("databases", "current_client_connections", "current_client_connections", "Number of client connections"),
            gauge("databases", "paused", "paused", "1 if the database is paused, else 0"),
            gauge("databases", "disabled", "disabled", "1 if the database is disabled, else 0"));

    static final List<Metric> POOLS = List.of(
            gauge("pools", "cl_active", "client_active_connections", "Clients that have a server connection or need none"),
            gauge("pools", "cl_waiting", "client_waiting_connections", "Clients that wait for a server connection"),
            gauge("pools", "cl_active_cancel_req", "client_active_cancel_connections", "Clients whose cancel request the server deals with"),
            gauge("pools", "cl_waiting_cancel_req", "client_waiting_cancel_connections", "Clients whose cancel request is not sent yet"),
            gauge("pools", "sv_active", "server_active_connections", "Server connections that clients have"),
            gauge("pools", "sv_active_cancel", "server_active_cancel_connections", "Server connections that send a cancel request"),
            gauge("pools", "sv_being_canceled", "server_being_canceled_connections", "Server connections that wait for the end of cancel requests"),
            gauge("pools", "sv_idle", "server_idle_connections", "Server connections that nobody uses"),
            gauge("pools", "sv_used", "server_used_connections", "Server connections that nobody has used for server_check_delay"),
            gauge("pools", "sv_tested", "server_testing_connections", "Server connections that are being checked or reset"),
            gauge("pools", "sv_login", "server_login_connections", "Server connections that are being logged in"),
            gauge("pools", "maxwait", "client_maxwait_seconds", "How long the first client in the queue has waited"));

    static final List<Metric> STATS = List.of(
            counter("server_assignment_count", "server_assignments", 1, "How often a server connection was lent to a client"),
            counter("xact_count", "sql_transactions_pooled", 1, "Transactions"),
            counter("query_count", "queries_pooled", 1, "Queries"),
            counter("bytes_received", "received_bytes", 1, "Bytes received from clients"),
            counter("bytes_sent", "sent_bytes", 1, "Bytes sent to clients"),
            counter("xact_time", "server_in_transaction_seconds", MICRO, "Time that server connections spent in transactions"),
            counter("query_time", "queries_duration_seconds", MICRO, "Time that server connections spent in queries"),
            counter("wait_time", "client_wait_seconds", MICRO, "Time that clients spent in waiting for a server connection"),
            counter("client_parse_count", "client_parses", 1, "Statements prepared by clients"),
            counter("server_parse_count", "server_parses", 1, "Statements prepared on servers"),
            counter("bind_count", "binds", 1, "Statements bound"));
}
