// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How the demo ended.
 *
 * @param failures what failed besides self-checks; the demo expects nothing to fail
 */
public record Outcome(
        Duration elapsed, List<Board.Line> tables, Traffic.Count traffic, List<String> failures, List<StyledLine> lastFrame) {

    public Outcome {
        tables = List.copyOf(tables);
        failures = List.copyOf(failures);
        lastFrame = List.copyOf(lastFrame);
    }

    public long checks() {
        return tables.stream().mapToLong(Board.Line::checks).sum();
    }

    public List<String> failedChecks() {
        return tables.stream().flatMap(table -> table.failedChecks().stream()).toList();
    }

    /** Nothing failed, and every stream table was found equal to its query at least once. */
    public boolean succeeded() {
        return failures.isEmpty() && failedChecks().isEmpty() && tables.stream().allMatch(table -> table.checks() > 0);
    }

    public List<String> summary() {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "%d s: %,d transactions committed, %,d rolled back; %d self-checks, %d failed",
                elapsed.toSeconds(), traffic.committed(), traffic.rolledBack(), checks(), failedChecks().size()));
        failedChecks().forEach(failed -> lines.add("FAILED self-check " + failed));
        failures.forEach(failure -> lines.add("FAILED " + failure));
        return lines;
    }

    /** The live view as it was at the end. */
    public void writePicture(Path file) throws IOException {
        SvgPicture.write(file, lastFrame);
    }
}
