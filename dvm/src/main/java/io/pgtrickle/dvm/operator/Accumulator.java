// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.operator;

import io.pgtrickle.dvm.apply.Identity;
import io.pgtrickle.dvm.plan.TypeFacts;
import java.util.List;
import java.util.Optional;

/**
 * A column of a stage's state table and how it follows the changes of its group. Four pieces of SQL say it:
 * {@link #fresh} aggregates the rows themselves; {@link #gathered} aggregates change rows ({@code d}, with the argument as a column, and
 * {@code o}, the stored row of the group); {@link #next} gives the new value from a row {@code t} with the stored values
 * ({@code old_…}) and the gathered ones; {@link #rescan} tells when that is not possible and the group must be read again.
 */
public sealed interface Accumulator {

    /** The state table's column. */
    String column();

    String fresh();

    List<Named> gathered();

    /** Not used for a group that is rescanned. */
    String next();

    Optional<String> rescan();

    /** How it is maintained, in words. */
    String strategy();

    /** The condition under which two values of the column are the same. */
    String same(String left, String right);

    /** An expression and its column name. */
    record Named(String sql, String name) {}

    /**
     * An aggregated expression.
     *
     * @param name its column among the change rows
     * @param sql its text in the scope of the aggregate's input; FILTER is folded in: CASE WHEN condition THEN argument END
     */
    record Argument(String name, String sql, TypeFacts type, boolean notNull) {
        String change() {
            return "d." + name;
        }
    }

    /** Whether change rows must see the stored row of their group. */
    default boolean needsStoredRow() {
        return switch (this) {
            case Count c -> false;
            case Sum s -> false;
            case Scales s -> false;
            case Extremum e -> true;
            case Recomputed r -> false;
        };
    }

    /**
     * Rows whose argument is not NULL.
     *
     * <pre>n' = n + |came| - |went|</pre>
     */
    record Count(String column, Argument argument) implements Accumulator {
        @Override
        public String fresh() {
            return "count(" + argument.sql() + ")";
        }

        @Override
        public List<Named> gathered() {
            String x = argument.change();
            return List.of(new Named(came("count(" + x + ")") + " - " + went("count(" + x + ")"), "d_" + column));
        }

        @Override
        public String next() {
            return "coalesce(t.old_" + column + ", 0) + t.d_" + column;
        }

        @Override
        public Optional<String> rescan() {
            return Optional.empty();
        }

        @Override
        public String strategy() {
            return "added up";
        }

        @Override
        public String same(String left, String right) {
            return left + " IS NOT DISTINCT FROM " + right;
        }
    }

    /**
     * A sum of an exact type; NULL without rows to add, which is why {@code rows} counts them. A NaN or Infinity cannot be
     * subtracted again: when one leaves, the group is read again.
     *
     * <pre>s' = s + Σ came - Σ went;   (1.5, 2.5), 2.5 goes:  4.0 - 2.5 = 1.5</pre>
     *
     * @param rows the next value of the number of non-NULL arguments
     * @param scales keeps the display scale of a numeric whose scale the type does not fix
     */
    record Sum(String column, Argument argument, String rows, Optional<Scales> scales) implements Accumulator {

        private static final String SPECIAL = " IN ('NaN', 'Infinity', '-Infinity')";

        @Override
        public String fresh() {
            return "sum(" + argument.sql() + ")";
        }

        @Override
        public List<Named> gathered() {
            String sum = "sum(" + argument.change() + ")";
            return List.of(new Named(came(sum), "came_" + column), new Named(went(sum), "went_" + column));
        }

        @Override
        public String next() {
            String sum = "coalesce(t.old_" + column + ", 0) + coalesce(t.came_" + column + ", 0) - coalesce(t.went_" + column
                    + ", 0)";
            return "CASE WHEN " + rows + " > 0 THEN "
                    + scales.map(s -> "round(" + sum + ", " + s.largest() + ")").orElse(sum) + " END";
        }

        @Override
        public Optional<String> rescan() {
            return argument.type().name().equals("numeric")
                    ? Optional.of("t.went_" + column + SPECIAL + " OR t.went_" + column + " IS NOT NULL AND t.old_" + column
                            + SPECIAL)
                    : Optional.empty();
        }

        @Override
        public String strategy() {
            return "added up";
        }

        @Override
        public String same(String left, String right) {
            return scales.isPresent()
                    ? "(" + left + ", scale(" + left + ")) IS NOT DISTINCT FROM (" + right + ", scale(" + right + "))"
                    : left + " IS NOT DISTINCT FROM " + right;
        }
    }

    /**
     * How many arguments are shown with 0, 1, 2, … decimal digits, as one number with {@value #DIGITS} digits per scale. PostgreSQL
     * shows a sum with the largest scale among its inputs; this number gives it, and can be added and subtracted.
     *
     * <pre>(1.0, 2.00): 1·10^12 + 1·10^24, sum 3.00;   2.00 goes: 1·10^12, sum 1.0</pre>
     *
     * Numerics have at most 131072 digits before the point, but up to 16383 after it: scales from {@value #HUGE} on share one count,
     * and groups with such values are read again.
     */
    record Scales(String column, Argument argument) implements Accumulator {

        private static final int DIGITS = 12;
        private static final int HUGE = 10_000;

        @Override
        public String fresh() {
            return "coalesce(sum(" + digit(argument.sql()) + "), 0)";
        }

        @Override
        public List<Named> gathered() {
            String sum = "sum(" + digit(argument.change()) + ")";
            return List.of(new Named(
                    "coalesce(" + came(sum) + ", 0) - coalesce(" + went(sum) + ", 0)", "d_" + column));
        }

        @Override
        public String next() {
            return "coalesce(t.old_" + column + ", 0) + t.d_" + column;
        }

        /** The largest scale that occurs. */
        String largest() {
            return "(length((" + next() + ")::text) - 1) / " + DIGITS;
        }

        /** Common scales without going through text. */
        private static String digit(String value) {
            return "CASE scale(" + value + ") WHEN 0 THEN 1 WHEN 1 THEN 1e12 WHEN 2 THEN 1e24 WHEN 3 THEN 1e36 WHEN 4 THEN 1e48"
                    + " ELSE ('1e' || " + DIGITS + " * CASE WHEN scale(" + value + ") >= " + HUGE + " THEN " + HUGE
                    + " ELSE scale(" + value + ") END)::numeric END";
        }

        @Override
        public Optional<String> rescan() {
            return Optional.of(next() + " >= '1e" + DIGITS * HUGE + "'");
        }

        @Override
        public String strategy() {
            return "added up";
        }

        @Override
        public String same(String left, String right) {
            return left + " IS NOT DISTINCT FROM " + right;
        }
    }

    /**
     * MIN or MAX. The group is read again when fewer rows than before hold the stored extremum, or when a new extremum came and
     * went in the same window.
     *
     * <pre>max 9:  7 comes: 9;  12 comes: 12;  7 goes: 9;  9 goes: rescan</pre>
     */
    record Extremum(String column, boolean max, Argument argument) implements Accumulator {
        @Override
        public String fresh() {
            return aggregate(argument.sql());
        }

        @Override
        public List<Named> gathered() {
            String x = argument.change();
            String stored = Identity.image(x, argument.type()) + " = " + Identity.image("o." + column, argument.type());
            return List.of(
                    new Named(came(aggregate(x)), "came_" + column),
                    new Named(went(aggregate(x)), "went_" + column),
                    new Named("sum(d." + Reading.WEIGHT + ") FILTER (WHERE " + stored + ")", "stored_" + column));
        }

        @Override
        public String next() {
            return "CASE WHEN " + beaten() + " THEN t.came_" + column + " ELSE t.old_" + column + " END";
        }

        @Override
        public Optional<String> rescan() {
            return Optional.of("CASE WHEN " + beaten() + " THEN t.went_" + column + (max ? " >= " : " <= ") + "t.came_" + column
                    + " ELSE t.stored_" + column + " < 0 END");
        }

        private String beaten() {
            return "t.came_" + column + " IS NOT NULL AND (t.old_" + column + " IS NULL OR t.came_" + column
                    + (max ? " > " : " < ") + "t.old_" + column + ")";
        }

        private String aggregate(String x) {
            return (max ? "max(" : "min(") + x + ")";
        }

        @Override
        public String strategy() {
            return "compared with the stored one; groups that lose it are read again";
        }

        @Override
        public String same(String left, String right) {
            return Identity.same(left, right, argument.type());
        }
    }

    /**
     * Any other aggregate, and sums whose rounding or overflow depends on history (float, interval): touched groups are read
     * again.
     *
     * @param call the aggregate call in the scope of the input
     */
    record Recomputed(String column, String call, TypeFacts type) implements Accumulator {
        @Override
        public String fresh() {
            return call;
        }

        @Override
        public List<Named> gathered() {
            return List.of();
        }

        @Override
        public String next() {
            return "t.old_" + column;
        }

        @Override
        public Optional<String> rescan() {
            return Optional.of("true");
        }

        @Override
        public String strategy() {
            return "touched groups are read again";
        }

        @Override
        public String same(String left, String right) {
            return Identity.same(left, right, type);
        }
    }

    private static String came(String aggregate) {
        return aggregate + " FILTER (WHERE d." + Reading.WEIGHT + " > 0)";
    }

    private static String went(String aggregate) {
        return aggregate + " FILTER (WHERE d." + Reading.WEIGHT + " < 0)";
    }
}
