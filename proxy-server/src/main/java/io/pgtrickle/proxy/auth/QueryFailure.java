// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import io.pgtrickle.wire.backend.Report;

/** A server could not be asked, or did not like the question. */
public final class QueryFailure extends RuntimeException {

    private final String sqlState;

    public QueryFailure(Report report) {
        this(report.field(Report.SQL_STATE).orElse("XX000"), report.field(Report.MESSAGE).orElse("")
                + report.field(Report.DETAIL).map(detail -> ": " + detail).orElse(""));
    }

    QueryFailure(String sqlState, String message) {
        super(message);
        this.sqlState = sqlState;
    }

    String sqlState() {
        return sqlState;
    }
}
