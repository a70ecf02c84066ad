// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.session;

/** The server refused a statement. */
public final class SqlFailure extends RuntimeException {

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
}
