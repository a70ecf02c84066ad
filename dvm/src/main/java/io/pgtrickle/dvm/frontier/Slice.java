// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.frontier;

import io.pgtrickle.sql.statement.QualifiedName;
import java.util.function.Function;

/**
 * The rows of a change buffer as a program reads them: {@code SELECT … FROM buffer AS b WHERE condition LIMIT limit}.
 *
 * @param expected how many the planner shall expect; like the limit a number, or what will be replaced by one
 * @param limit a program that meets so many does not know whether it has seen all, unless the slice is exact
 * @param exact whether there are exactly so many rows in the program's snapshot
 */
public record Slice(QualifiedName buffer, String condition, String expected, String limit, boolean exact) {

    /** Known to hold so many rows. */
    static Slice exact(Window window, long rows) {
        return of(window, rows, rows, true);
    }

    /** Expected to hold so many rows, and hardly more. */
    static Slice expected(Window window, long rows) {
        return of(window, rows, rows + Math.max(100, rows / 4), false);
    }

    /** Expected to hold nothing: the program does without it, and only makes sure. */
    static Slice quiet(Window window) {
        return of(window, 0, 0, false);
    }

    public boolean isQuiet() {
        return limit.equals("0");
    }

    private static Slice of(Window window, long expected, long limit, boolean exact) {
        return new Slice(window.buffer(), window.condition("b"), Long.toString(expected), Long.toString(limit), exact);
    }

    /**
     * Filled in by pgtrickle.pgt_refresh_known when the frontier and the counts are known.
     *
     * @param marker what no user can have written into a query
     */
    public static Slice template(long relation, String marker) {
        Function<String, String> place = what -> "/*%s %s %d*/".formatted(marker, what, relation);
        return new Slice(Frontier.buffer(relation), place.apply("where"), place.apply("expected"), place.apply("limit"), false);
    }
}
