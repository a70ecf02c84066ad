// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.demo;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.utils.AttributedString;
import org.jline.utils.Display;

/** Where the live view appears. */
public sealed interface Screen {

    /** How often it wants to be drawn. */
    Duration interval();

    void show(Duration elapsed, List<Board.Line> tables, Traffic.Count traffic, List<StyledLine> frame);

    /** The last frame stays; what is printed from now on comes below it. */
    void end();

    /** Redraws in place. */
    final class Live implements Screen {

        private final Terminal terminal;
        private final Display display;

        public Live(Terminal terminal) {
            this.terminal = terminal;
            this.display = new Display(terminal, false);
        }

        @Override
        public Duration interval() {
            return Duration.ofMillis(250);
        }

        @Override
        public void show(Duration elapsed, List<Board.Line> tables, Traffic.Count traffic, List<StyledLine> frame) {
            Size size = terminal.getSize();
            display.resize(size);
            List<AttributedString> lines = frame.stream()
                    .limit(Math.max(1, size.getRows() - 1))
                    .map(StyledLine::forTerminal)
                    .map(line -> line.columnSubSequence(0, size.getColumns()))
                    .toList();
            display.update(lines, -1);
        }

        @Override
        public void end() {
            terminal.writer().println();
            terminal.flush();
        }
    }

    /** For logs: a line per second. */
    final class Log implements Screen {

        private final PrintWriter out;

        public Log(PrintWriter out) {
            this.out = out;
        }

        @Override
        public Duration interval() {
            return Duration.ofSeconds(1);
        }

        @Override
        public void show(Duration elapsed, List<Board.Line> tables, Traffic.Count traffic, List<StyledLine> frame) {
            String line = tables.stream()
                    .map(table -> "%s %s%s%d"
                            .formatted(
                                    table.view().name(),
                                    Frame.millis(table.status().map(TableStatus::refreshMillis).orElse(0.0)),
                                    table.failedChecks().isEmpty() ? " ✓" : " ✗",
                                    table.failedChecks().isEmpty() ? table.checks() : table.failedChecks().size()))
                    .collect(Collectors.joining(" | "));
            out.println(String.format(Locale.ROOT, "%3d s  %d committed  ", elapsed.toSeconds(), traffic.committed()) + line);
            out.flush();
        }

        @Override
        public void end() {
            // every line is complete
        }
    }
}
