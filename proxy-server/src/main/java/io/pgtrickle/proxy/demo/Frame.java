// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.demo;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/** Draws the live view: what the board knows at one moment, as styled lines. */
final class Frame {

    /** A column of the table: its heading over two lines and its width. */
    private record Column(String over, String under, int width) {}

    private static final Column NAME = new Column("", "stream table", 16);
    private static final Column KIND = new Column("", "query", 24);
    private static final Column ROWS = new Column("", "rows", 8);
    private static final Column STALENESS = new Column("", "stale", 8);
    private static final Column CHANGES = new Column("changes", "applied/s", 11);
    private static final Column REFRESH = new Column("last", "refresh", 11);
    private static final Column FULL = new Column("full", "refresh", 11);
    private static final Column FASTER = new Column("times", "faster", 8);
    private static final Column CHECKS = new Column("equals", "its query", 11);

    private static final double MANY = 10;
    private static final double MILLIS_PER_SECOND = 1000;

    private final String reachedBy;

    /** @param reachedBy the command with which people look into the running demo */
    Frame(String reachedBy) {
        this.reachedBy = reachedBy;
    }

    List<StyledLine> draw(Duration elapsed, List<Board.Line> tables, Traffic.Count traffic) {
        List<StyledLine> lines = new ArrayList<>();
        lines.add(StyledLine.of(Tone.HEADING, "pgtrickle demo ")
                .and(Tone.DIM, " %d:%02d ".formatted(elapsed.toMinutes(), elapsed.toSecondsPart()))
                .and(Tone.PLAIN, " five stream tables follow a shop that keeps changing"));
        lines.add(StyledLine.EMPTY);
        lines.add(heading(Column::over));
        lines.add(heading(Column::under));
        tables.forEach(table -> lines.add(row(table)));
        lines.add(StyledLine.EMPTY);
        lines.add(writers(traffic));
        lines.add(StyledLine.of(Tone.DIM, "look inside    ").and(Tone.ACCENT, reachedBy));
        errors(tables).forEach(error -> lines.add(StyledLine.of(Tone.BAD, error)));
        return lines;
    }

    private static StyledLine heading(Function<Column, String> text) {
        StyledLine line = StyledLine.EMPTY.left(Tone.DIM, text.apply(NAME), NAME.width()).left(Tone.DIM, text.apply(KIND), KIND.width());
        for (Column column : List.of(ROWS, STALENESS, CHANGES, REFRESH, FULL, FASTER, CHECKS)) {
            line = line.right(Tone.DIM, text.apply(column), column.width());
        }
        return line;
    }

    private static StyledLine row(Board.Line table) {
        Optional<TableStatus> status = table.status();
        double refresh = status.map(TableStatus::refreshMillis).orElse(0.0);
        boolean failed = !table.failedChecks().isEmpty();
        Tone speed = refresh < table.fullRefreshMillis() ? Tone.GOOD : Tone.PLAIN;
        return StyledLine.EMPTY
                .left(Tone.HEADING, table.view().name(), NAME.width())
                .left(Tone.DIM, table.view().kind(), KIND.width())
                .right(Tone.PLAIN, number("%,d", table.rows()), ROWS.width())
                .right(Tone.PLAIN, status.map(s -> number("%.1f s", s.stalenessMillis() / MILLIS_PER_SECOND)).orElse(""), STALENESS.width())
                .right(Tone.PLAIN, number("%,.0f", table.changesPerSecond()), CHANGES.width())
                .right(speed, millis(refresh), REFRESH.width())
                .right(Tone.PLAIN, millis(table.fullRefreshMillis()), FULL.width())
                .right(speed, faster(refresh, table.fullRefreshMillis()), FASTER.width())
                .right(
                        failed ? Tone.BAD : Tone.GOOD,
                        failed ? "✗ " + table.failedChecks().size() + " of " + table.checks() : "✓ " + table.checks(),
                        CHECKS.width());
    }

    private static StyledLine writers(Traffic.Count traffic) {
        StyledLine line = StyledLine.of(Tone.DIM, "writers        ")
                .and(Tone.PLAIN, number("%,d", traffic.committed()))
                .and(Tone.DIM, " transactions committed (")
                .and(Tone.PLAIN, number("%,d", traffic.rowsWritten()))
                .and(Tone.DIM, " rows), ")
                .and(Tone.PLAIN, number("%,d", traffic.rolledBack()))
                .and(Tone.DIM, " rolled back, ")
                .and(Tone.PLAIN, number("%,d", traffic.savepointsRolledBack()))
                .and(Tone.DIM, " savepoints undone");
        return traffic.openForMillis() == 0
                ? line
                : line.and(Tone.DIM, ", one open for ").and(Tone.PLAIN, number("%.1f s", traffic.openForMillis() / MILLIS_PER_SECOND));
    }

    private static List<String> errors(List<Board.Line> tables) {
        List<String> errors = new ArrayList<>();
        for (Board.Line table : tables) {
            table.failedChecks().stream().findFirst().ifPresent(errors::add);
            table.status()
                    .filter(status -> status.consecutiveErrors() > 0)
                    .ifPresent(status -> errors.add(status.name() + " is " + status.status() + ": " + status.error()));
        }
        return errors;
    }

    static String millis(double millis) {
        return millis == 0 ? "" : number(millis < MANY ? "%.1f ms" : "%,.0f ms", millis);
    }

    static String faster(double refresh, double full) {
        if (refresh == 0 || full == 0) {
            return "";
        }
        double ratio = full / refresh;
        return number(ratio < MANY ? "%.1f" : "%,.0f", ratio);
    }

    private static String number(String format, Object value) {
        return String.format(Locale.ROOT, format, value);
    }
}
