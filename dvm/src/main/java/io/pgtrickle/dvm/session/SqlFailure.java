// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.session;

import java.util.Set;

/** The server refused a statement. */
public final class SqlFailure extends RuntimeException {

    private static final Set<String> MISSING = Set.of("3F000", "42P01", "42883", "42704");

    private final transient ServerError error;

    public SqlFailure(ServerError error) {
        super(error.sqlState() + ": " + error.message());
        this.error = error;
    }

    public ServerError error() {
        return error;
    }

    public String sqlState() {
        return error.sqlState();
    }

    /** Somebody was in the way: a lock not granted, a deadlock, a serialization failure. Repeating it later helps. */
    public boolean isConflict() {
        return sqlState().equals("55P03") || sqlState().startsWith("40");
    }

    /** Something the statement names does not exist (any more): a schema, relation, function or other object. */
    public boolean isMissing() {
        return MISSING.contains(sqlState());
    }
}
