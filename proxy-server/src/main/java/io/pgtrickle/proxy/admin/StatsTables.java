// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

import static io.pgtrickle.proxy.admin.Statistics.micros;

import io.pgtrickle.proxy.backend.Figures;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** SHOW STATS and its relatives. The names, in their different ways, are PgBouncer's. */
final class StatsTables {

    private static final List<String> ALL_TOTALS = List.of(
            "total_server_assignment_count", "total_xact_count", "total_query_count", "total_received", "total_sent", "total_xact_time",
            "total_query_time", "total_wait_time", "total_client_parse_count", "total_server_parse_count", "total_bind_count");
    private static final List<String> ALL_AVERAGES = List.of(
            "avg_server_assignment_count", "avg_xact_count", "avg_query_count", "avg_recv", "avg_sent", "avg_xact_time",
            "avg_query_time", "avg_wait_time", "avg_client_parse_count", "avg_server_parse_count", "avg_bind_count");
    private static final List<String> TOTALS = List.of(
            "server_assignment_count", "xact_count", "query_count", "bytes_received", "bytes_sent", "xact_time",
            "query_time", "wait_time", "client_parse_count", "server_parse_count", "bind_count");
    private static final List<String> AVERAGES = List.of(
            "server_assignment_count", "xact_count", "query_count", "bytes_received", "bytes_sent", "xact_time",
            "query_time", "wait_time", "avg_client_parse_count", "avg_server_parse_count", "avg_bind_count");
    private static final List<String> SUMS = List.of(
            "server_assignment_count", "xact_count", "query_count", "client_bytes", "server_bytes", "xact_time",
            "query_time", "wait_time", "ps_client_parse_count", "ps_server_parse_count", "ps_bind_count");

    private final Statistics statistics;

    StatsTables(Statistics statistics) {
        this.statistics = statistics;
    }

    Table stats() {
        Table table = table(Stream.concat(ALL_TOTALS.stream(), ALL_AVERAGES.stream()).toList());
        statistics.totals().forEach((database, figures) -> {
            var row = row(database, figures);
            row.addAll(values(statistics.average(database)));
            table.add(row.toArray());
        });
        return table;
    }

    Table totals() {
        Table table = table(TOTALS);
        statistics.totals().forEach((database, figures) -> table.add(row(database, figures).toArray()));
        return table;
    }

    Table averages() {
        Table table = table(AVERAGES);
        statistics.totals().keySet().forEach(database -> table.add(row(database, statistics.average(database)).toArray()));
        return table;
    }

    /** Over all databases, a row for each figure. */
    Table sums() {
        Table table = Table.of("name", "value numeric");
        List<Long> totals = values(Statistics.sum(statistics.totals()));
        List<Long> averages = values(statistics.average());
        for (int i = 0; i < SUMS.size(); i++) {
            table.add("total_" + SUMS.get(i), totals.get(i));
        }
        for (int i = 0; i < SUMS.size(); i++) {
            table.add("avg_" + SUMS.get(i), averages.get(i));
        }
        return table;
    }

    private static Table table(List<String> figures) {
        return Table.of(Stream.concat(Stream.of("database"), figures.stream().map(name -> name + " numeric")).toArray(String[]::new));
    }

    private static List<@Nullable Object> row(String database, Figures figures) {
        var row = new ArrayList<@Nullable Object>();
        row.add(database);
        row.addAll(values(figures));
        return row;
    }

    private static List<Long> values(Figures figures) {
        return List.of(
                figures.assignments(), figures.transactions(), figures.queries(), figures.received(), figures.sent(),
                micros(figures.transactionTime()), micros(figures.queryTime()), micros(figures.waitTime()),
                figures.clientParses(), figures.serverParses(), figures.binds());
    }
}
