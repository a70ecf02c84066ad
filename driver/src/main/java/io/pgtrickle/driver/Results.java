// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.driver;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The results of a string with one of our statements in it, in order, as JDBC hands them out one after the other. */
final class Results {

    /** One statement's result. */
    sealed interface Result {
        record Rows(ResultSet rows, String tag) implements Result {}

        record Count(long count, String tag) implements Result {}
    }

    private final Deque<Result> pending;
    private @Nullable Result current;

    private final @Nullable SQLWarning warnings;

    Results(List<Result> results, @Nullable SQLWarning warnings) {
        this.warnings = warnings;
        this.pending = new ArrayDeque<>(results);
        this.current = pending.poll();
    }

    /** Whether the current result is a result set, as Statement.execute says. */
    boolean hasRows() {
        return current instanceof Result.Rows;
    }

    @Nullable ResultSet rows() {
        return current instanceof Result.Rows(ResultSet rows, String _) ? rows : null;
    }

    /** -1 when the current result is a result set or there is none. */
    long count() {
        return current instanceof Result.Count(long count, String _) ? count : -1;
    }

    /** Empty when there is no result, or pgjdbc ran the statement and keeps its tag to itself. */
    String tag() {
        return switch (current) {
            case Result.Rows(ResultSet _, String tag) -> tag;
            case Result.Count(long _, String tag) -> tag;
            case null -> "";
        };
    }

    @Nullable SQLWarning warnings() {
        return warnings;
    }

    boolean advance() throws SQLException {
        if (current instanceof Result.Rows(ResultSet rows, String _)) {
            rows.close();
        }
        current = pending.poll();
        return hasRows();
    }

    static Object required(@Nullable Object value) {
        if (value == null) {
            throw new IllegalStateException("pgjdbc returned null");
        }
        return value;
    }
}
