// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.metrics;

import io.pgtrickle.proxy.admin.Shows;
import io.pgtrickle.proxy.admin.Table;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The tables of the moment, as pgbouncer_exporter would have read them. Thread-safe. */
final class ConsoleMetrics implements MultiCollector {

    /** Rows of SHOW LISTS whose metric has another name. */
    private static final Map<String, String> RENAMED_LISTS =
            Map.of("dns_names", "cached_dns_names", "dns_zones", "cached_dns_zones", "dns_queries", "in_flight_dns_queries");
    private static final List<String> LISTS = List.of(
            "databases", "users", "pools", "free_clients", "used_clients", "login_clients", "free_servers", "used_servers", "dns_names", "dns_zones",
            "dns_queries");
    /** Settings that are passed on. */
    private static final Map<String, String> CONFIG =
            Map.of("max_client_conn", "max_client_connections", "max_user_connections", "max_user_connections");

    private final Shows shows;

    ConsoleMetrics(Shows shows) {
        this.shows = shows;
    }

    @Override
    public MetricSnapshots collect() {
        var all = MetricSnapshots.builder();
        all.metricSnapshot(gauge("pgbouncer_up", "The pgbouncer scrape succeeded", 1));
        all.metricSnapshot(InfoSnapshot.builder().name("pgbouncer_version").help("The pgbouncer version info")
                .dataPoint(InfoDataPointSnapshot.builder().labels(Labels.of("version", text(shows.table("version").rows().getFirst().getFirst()))).build())
                .build());
        add(all, Metric.DATABASES, Metric.DATABASE_LABELS);
        add(all, Metric.POOLS, Metric.POOL_LABELS);
        add(all, Metric.STATS, Metric.STATS_LABELS);
        shows.table("lists").byName().forEach(row -> {
            String list = text(row.get("list"));
            if (LISTS.contains(list)) {
                all.metricSnapshot(gauge("pgbouncer_" + RENAMED_LISTS.getOrDefault(list, list), "Count of " + list, number(row.get("items"))));
            }
        });
        shows.table("config").byName().forEach(row -> {
            String name = CONFIG.get(text(row.get("key")));
            if (name != null) {
                all.metricSnapshot(gauge("pgbouncer_config_" + name, "Setting " + row.get("key"), number(row.get("value"))));
            }
        });
        return all.build();
    }

    private void add(MetricSnapshots.Builder all, List<Metric> metrics, List<String> labels) {
        Table table = shows.table(metrics.getFirst().table());
        metrics.forEach(metric -> all.metricSnapshot(snapshot(metric, labels, table.byName())));
    }

    private static MetricSnapshot snapshot(Metric metric, List<String> labels, List<Map<String, @Nullable String>> rows) {
        if (metric.counter()) {
            var counter = CounterSnapshot.builder().name(metric.name()).help(metric.help());
            rows.forEach(row -> counter.dataPoint(CounterDataPointSnapshot.builder()
                    .labels(labels(labels, row)).value(number(row.get(metric.column())) * metric.factor()).build()));
            return counter.build();
        }
        var gauge = GaugeSnapshot.builder().name(metric.name()).help(metric.help());
        rows.forEach(row -> gauge.dataPoint(GaugeDataPointSnapshot.builder()
                .labels(labels(labels, row)).value(number(row.get(metric.column())) * metric.factor()).build()));
        return gauge.build();
    }

    private static Labels labels(List<String> names, Map<String, @Nullable String> row) {
        return Labels.of(names, names.stream().map(name -> text(row.get(name))).toList());
    }

    private static GaugeSnapshot gauge(String name, String help, double value) {
        return GaugeSnapshot.builder().name(name).help(help).dataPoint(GaugeDataPointSnapshot.builder().value(value).build()).build();
    }

    private static String text(@Nullable String value) {
        return value == null ? "" : value;
    }

    private static double number(@Nullable String value) {
        return value == null ? Double.NaN : Double.parseDouble(value);
    }
}
