// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Everything one run measured, and what it looks like on a terminal and as JSON. */
public record Report(Environment environment, BenchPlan plan, List<Cell> matrix, List<Latency> latencies, Visibility.Result commitToVisible) {

    public Report {
        matrix = List.copyOf(matrix);
        latencies = List.copyOf(latencies);
    }

    /** Every stream table equalled its query. */
    @JsonProperty
    public boolean allEqual() {
        return matrix.stream().allMatch(Cell::equal);
    }

    public void writeJson(Path file) throws IOException {
        Tables.writeJson(file, this);
    }

    public String matrixTable() {
        return Tables.table(
                matrix,
                List.of(
                        Tables.left("scenario").with(cell -> cell.scenario().name().toLowerCase(Locale.ROOT)),
                        Tables.right("rows").with(cell -> String.format(Locale.ROOT, "%,d", cell.rows())),
                        Tables.right("changed").with(cell -> cell.change().label()),
                        Tables.right("REFRESH ms").with(cell -> Tables.number(cell.refreshMs())),
                        Tables.right("CONCURRENTLY ms").with(cell -> Tables.number(cell.concurrentlyMs())),
                        Tables.right("by hand ms").with(cell -> Tables.number(cell.handWrittenMs())),
                        Tables.right("ours ms").with(cell -> Tables.number(cell.streamTableMs())),
                        Tables.right("x REFRESH").with(cell -> Tables.number(cell.timesFasterThanRefresh())),
                        Tables.right("x CONCURRENTLY").with(cell -> Tables.number(cell.timesFasterThanConcurrently())),
                        Tables.right("x by hand").with(cell -> Tables.number(cell.timesTheHandWritten())),
                        Tables.left("action").with(Cell::action),
                        Tables.left("equal").with(cell -> cell.equal() ? "yes" : "NO")));
    }

    public String latencyTable() {
        return Tables.table(
                latencies,
                List.of(
                        Tables.left("round trip, medians").with(Latency::what),
                        Tables.right("samples").with(latency -> Integer.toString(latency.samples())),
                        Tables.right("ours ms").with(latency -> Tables.precise(latency.with())),
                        Tables.right("baseline ms").with(latency -> Tables.precise(latency.without())),
                        Tables.right("added ms").with(latency -> Tables.precise(latency.added()))));
    }

    public String visibilityLine() {
        return String.format(
                Locale.ROOT,
                "From commit to visible with schedule %s: median %.0f ms, 95 %% within %.0f ms (%d commits)",
                commitToVisible.schedule(), commitToVisible.median(), commitToVisible.p95(), commitToVisible.commits());
    }
}
