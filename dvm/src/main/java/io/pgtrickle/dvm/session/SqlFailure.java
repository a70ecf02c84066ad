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
}
