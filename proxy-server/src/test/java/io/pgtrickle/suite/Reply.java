// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What one statement answered.
 *
 * @param tag the command tag as sent by the server, e.g. {@code SELECT 5}; empty for an empty query
 * @param columns column names; empty for a statement without result
 * @param rows text images, null for NULL
 */
public record Reply(String tag, List<String> columns, List<List<@Nullable String>> rows) {

    /** The only value of the only row. */
    public @Nullable String single() {
        if (rows.size() != 1 || rows.getFirst().size() != 1) {
            throw new AssertionError("expected one value, got " + this);
        }
        return rows.getFirst().getFirst();
    }

    /** Each row as {@code a | b | NULL}, in the order they came. */
    public List<String> lines() {
        return rows.stream().map(Reply::line).toList();
    }

    public static String line(List<@Nullable String> row) {
        return row.stream().map(v -> v == null ? "NULL" : v).collect(Collectors.joining(" | "));
    }
}
