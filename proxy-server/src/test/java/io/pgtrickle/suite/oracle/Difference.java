// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.oracle;

import io.pgtrickle.suite.Reply;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * In what a stream table differs from its query.
 *
 * @param unexpected rows the stream table has and the query does not return
 * @param missing rows the query returns and the stream table does not have
 */
public record Difference(List<Counted> unexpected, List<Counted> missing) {

    private static final int SHOWN = 30;

    /** A row and how often it occurs too much. */
    public record Counted(long count, List<@Nullable String> row) {}

    public Difference {
        unexpected = List.copyOf(unexpected);
        missing = List.copyOf(missing);
    }

    public boolean isEmpty() {
        return unexpected.isEmpty() && missing.isEmpty();
    }

    /** Both sides, e.g. {@code only in the stream table: 2 x 1 | a}. */
    public String describe() {
        List<String> lines = new ArrayList<>();
        side(lines, "only in the stream table", unexpected);
        side(lines, "only in the query's result", missing);
        return String.join("\n", lines);
    }

    private static void side(List<String> lines, String title, List<Counted> rows) {
        for (Counted counted : rows.subList(0, Math.min(SHOWN, rows.size()))) {
            lines.add("  " + title + ": " + counted.count + " x " + Reply.line(counted.row));
        }
        if (rows.size() > SHOWN) {
            lines.add("  " + title + ": … and " + (rows.size() - SHOWN) + " more");
        }
    }
}
