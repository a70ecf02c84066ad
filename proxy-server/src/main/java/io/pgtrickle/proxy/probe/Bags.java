// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.probe;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/**
 * Compares the answers of two queries as bags of rows, each row as the text a user sees. Both are read at one snapshot
 * only if the connection is in a REPEATABLE READ transaction.
 */
public final class Bags {

    /** @param differences some of the rows that differ, each with its sign; empty when the bags are equal */
    public record Comparison(long rows, List<String> differences) {

        public Comparison {
            differences = List.copyOf(differences);
        }

        public boolean equal() {
            return differences.isEmpty();
        }
    }

    private record Digest(long rows, String first, String second) {}

    private static final int DIFFERENCES_SHOWN = 5;

    private Bags() {}

    /** Cheap when they are equal: sums of two 64-bit hashes per row do not depend on the order and count copies. */
    public static Comparison compare(Connection connection, String actual, String expected) throws SQLException {
        Digest found = digest(connection, actual);
        Digest wanted = digest(connection, expected);
        return new Comparison(found.rows(), found.equals(wanted) ? List.of() : differences(connection, actual, expected));
    }

    private static Digest digest(Connection connection, String query) throws SQLException {
        return Sql.rows(
                        connection,
                        """
                        SELECT count(*), sum(hashtextextended(image, 0))::text, sum(hashtextextended(image, 1))::text
                        FROM (%s) AS images"""
                                .formatted(images(query)),
                        row -> new Digest(row.getLong(1), String.valueOf(row.getString(2)), String.valueOf(row.getString(3))))
                .getFirst();
    }

    private static List<String> differences(Connection connection, String actual, String expected) throws SQLException {
        return Sql.rows(
                connection,
                """
                SELECT sign || image FROM (
                  SELECT 'too much: ' AS sign, image FROM (%1$s EXCEPT ALL %2$s) AS surplus
                  UNION ALL
                  SELECT 'missing: ', image FROM (%2$s EXCEPT ALL %1$s) AS missing
                ) AS differences LIMIT %3$d"""
                        .formatted(images(actual), images(expected), DIFFERENCES_SHOWN),
                row -> row.getString(1));
    }

    private static String images(String query) {
        return "SELECT CAST(bag AS text) AS image FROM (" + query + ") AS bag";
    }
}
