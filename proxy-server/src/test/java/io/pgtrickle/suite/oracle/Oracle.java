// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.oracle;

import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.Reply;
import io.pgtrickle.suite.oracle.Difference.Counted;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Says whether a stream table holds exactly what its query returns. Both are read by one statement, hence at one snapshot,
 * and compared as bags of text images: {@code ROW(value)::text} prints a value through its type's output function, so it
 * works for types without equality, tells NULL from an empty string, and 1.0 from 1.00.
 */
public final class Oracle {

    /** Relative error allowed between two orders of the same sum. */
    private static final double FLOAT8_ROUNDING = 1e-11;

    private static final double FLOAT4_ROUNDING = 1e-5;

    private final boolean floatsWithinRounding;

    private Oracle(boolean floatsWithinRounding) {
        this.floatsWithinRounding = floatsWithinRounding;
    }

    public static Oracle exact() {
        return new Oracle(false);
    }

    /** For queries that sum or average floats: addition of floats is not associative, so their last digits may differ. */
    public static Oracle floatsWithinRounding() {
        return new Oracle(true);
    }

    /** @throws AssertionError with both sides of the difference */
    public void check(Client client, String relation, String query) {
        Difference difference = compare(client, relation, query);
        if (!difference.isEmpty()) {
            throw new AssertionError(relation + " differs from its query\n  " + query + "\n" + difference.describe());
        }
    }

    public Difference compare(Client client, String relation, String query) {
        List<String> types = columnTypes(client, relation);
        List<Counted> unexpected = new ArrayList<>();
        List<Counted> missing = new ArrayList<>();
        for (List<@Nullable String> row : client.query(comparison(relation, query, types.size())).rows()) {
            long weight = Long.parseLong(Objects.requireNonNull(row.getFirst()));
            Counted counted = new Counted(Math.abs(weight), row.subList(1, row.size()));
            (weight > 0 ? unexpected : missing).add(counted);
        }
        Difference exact = new Difference(unexpected, missing);
        return floatsWithinRounding && !exact.isEmpty() ? withoutRounding(exact, types) : exact;
    }

    /** The rows of a relation as lines, each as often as it occurs; sorted. */
    public static List<String> content(Client client, String relation) {
        return client.query("SELECT * FROM " + relation).lines().stream().sorted().toList();
    }

    private static String comparison(String relation, String query, int width) {
        String columns = each(width, "c%d", ", ");
        String image = each(width, "ROW(c%1$d)::text AS i%1$d", ", ");
        String images = each(width, "i%d", ", ");
        return """
                WITH actual AS (SELECT %2$s, count(*) AS n FROM %4$s AS a_(%1$s) GROUP BY %3$s),
                     expected AS (SELECT %2$s, count(*) AS n FROM (%5$s
                     ) AS e_(%1$s) GROUP BY %3$s)
                SELECT coalesce(actual.n, 0) - coalesce(expected.n, 0), %3$s
                  FROM actual FULL JOIN expected USING (%3$s)
                 WHERE actual.n IS DISTINCT FROM expected.n
                 ORDER BY %3$s"""
                .formatted(columns, image, images, relation, query);
    }

    private static String each(int width, String format, String separator) {
        return IntStream.rangeClosed(1, width).mapToObj(format::formatted).collect(Collectors.joining(separator));
    }

    private static List<String> columnTypes(Client client, String relation) {
        return client.query("SELECT atttypid::regtype FROM pg_catalog.pg_attribute WHERE attrelid = '"
                        + relation.replace("'", "''") + "'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum")
                .lines();
    }

    /** Pairs each unexpected row with a missing one that differs only in the last digits of floats. */
    private static Difference withoutRounding(Difference exact, List<String> types) {
        List<Counted> missing = single(exact.missing());
        List<Counted> unexpected = single(exact.unexpected());
        unexpected.removeIf(actual -> {
            for (int i = 0; i < missing.size(); i++) {
                if (close(actual.row(), missing.get(i).row(), types)) {
                    missing.remove(i);
                    return true;
                }
            }
            return false;
        });
        return new Difference(unexpected, missing);
    }

    private static List<Counted> single(List<Counted> rows) {
        List<Counted> single = new ArrayList<>();
        rows.forEach(row -> single.addAll(Collections.nCopies((int) row.count(), new Counted(1, row.row()))));
        return single;
    }

    private static boolean close(List<@Nullable String> a, List<@Nullable String> b, List<String> types) {
        return IntStream.range(0, types.size()).allMatch(i -> switch (types.get(i)) {
            case "double precision" -> close(a.get(i), b.get(i), FLOAT8_ROUNDING);
            case "real" -> close(a.get(i), b.get(i), FLOAT4_ROUNDING);
            default -> Objects.equals(a.get(i), b.get(i));
        });
    }

    private static boolean close(@Nullable String a, @Nullable String b, double rounding) {
        if (Objects.equals(a, b) || a == null || b == null || a.equals("()") || b.equals("()")) {
            return Objects.equals(a, b);
        }
        double x = number(a);
        double y = number(b);
        return Math.abs(x - y) <= rounding * Math.max(Math.abs(x), Math.abs(y));
    }

    /** Images are rows of one column, e.g. {@code (0.1)}. */
    private static double number(String image) {
        return Double.parseDouble(image.substring(1, image.length() - 1));
    }
}
