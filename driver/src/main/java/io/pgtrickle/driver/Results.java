// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.driver;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The results of a string with one of our statements in it, in order, as JDBC hands them out one after the other. */
final class Results {

    /** One statement's result. */
    sealed interface Result {
        record Rows(ResultSet rows) implements Result {}

        record Count(long count) implements Result {}
    }

    private final Deque<Result> pending;
    private @Nullable Result current;

    Results(List<Result> results) {
        this.pending = new ArrayDeque<>(results);
        this.current = pending.poll();
    }

    /** Whether the current result is a result set, as Statement.execute says. */
    boolean hasRows() {
        return current instanceof Result.Rows;
    }

    @Nullable ResultSet rows() {
        return current instanceof Result.Rows(ResultSet rows) ? rows : null;
    }

    /** -1 when the current result is a result set or there is none. */
    long count() {
        return current instanceof Result.Count(long count) ? count : -1;
    }

    boolean advance() throws SQLException {
        if (current instanceof Result.Rows(ResultSet rows)) {
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
