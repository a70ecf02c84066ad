// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.HorizontalAlign;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Everything one run measured, and what it looks like on a terminal and as JSON. */
public record Report(Environment environment, BenchPlan plan, List<Cell> matrix, List<Latency> latencies, Visibility.Result commitToVisible) {

    private static final int DECIMAL_PLACES_BELOW = 10;

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
        new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(file.toFile(), this);
    }

    public String matrixTable() {
        return AsciiTable.getTable(
                AsciiTable.BASIC_ASCII_NO_DATA_SEPARATORS_NO_OUTSIDE_BORDER,
                matrix,
                List.of(
                        left("scenario").with(cell -> cell.scenario().name().toLowerCase(Locale.ROOT)),
                        right("rows").with(cell -> String.format(Locale.ROOT, "%,d", cell.rows())),
                        right("changed").with(cell -> cell.change().label()),
                        right("REFRESH ms").with(cell -> number(cell.refreshMs())),
                        right("CONCURRENTLY ms").with(cell -> number(cell.concurrentlyMs())),
                        right("by hand ms").with(cell -> number(cell.handWrittenMs())),
                        right("ours ms").with(cell -> number(cell.streamTableMs())),
                        right("x REFRESH").with(cell -> number(cell.timesFasterThanRefresh())),
                        right("x CONCURRENTLY").with(cell -> number(cell.timesFasterThanConcurrently())),
                        right("x by hand").with(cell -> number(cell.timesTheHandWritten())),
                        left("action").with(Cell::action),
                        left("equal").with(cell -> cell.equal() ? "yes" : "NO")));
    }

    public String latencyTable() {
        return AsciiTable.getTable(
                AsciiTable.BASIC_ASCII_NO_DATA_SEPARATORS_NO_OUTSIDE_BORDER,
                latencies,
                List.of(
                        left("round trip, medians").with(Latency::what),
                        right("samples").with(latency -> Integer.toString(latency.samples())),
                        right("ours ms").with(latency -> precise(latency.with())),
                        right("baseline ms").with(latency -> precise(latency.without())),
                        right("added ms").with(latency -> precise(latency.added()))));
    }

    public String visibilityLine() {
        return String.format(
                Locale.ROOT,
                "From commit to visible with schedule %s: median %.0f ms, 95 %% within %.0f ms (%d commits)",
                commitToVisible.schedule(), commitToVisible.median(), commitToVisible.p95(), commitToVisible.commits());
    }

    private static Column left(String header) {
        return new Column().header(header).headerAlign(HorizontalAlign.LEFT).dataAlign(HorizontalAlign.LEFT).maxWidth(Integer.MAX_VALUE);
    }

    private static Column right(String header) {
        return new Column().header(header).headerAlign(HorizontalAlign.RIGHT).dataAlign(HorizontalAlign.RIGHT).maxWidth(Integer.MAX_VALUE);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, value < DECIMAL_PLACES_BELOW ? "%.2f" : "%,.1f", value);
    }

    private static String precise(double value) {
        return String.format(Locale.ROOT, "%.3f", value);
    }
}
