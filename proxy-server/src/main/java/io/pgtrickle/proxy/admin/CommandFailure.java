// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

import io.pgtrickle.wire.backend.Report;

/** Why a command is not carried out, as the error the client is told. */
final class CommandFailure extends RuntimeException {

    static final String SYNTAX = "42601";
    static final String WRONG_STATE = "55000";
    static final String NO_DATABASE = "3D000";
    static final String NO_PRIVILEGE = "42501";
    static final String WRONG_VALUE = "22023";
    static final String UNSUPPORTED = "0A000";

    private static final long serialVersionUID = 1;

    private final transient Report report;

    CommandFailure(String sqlState, String message) {
        this(Report.fatal(sqlState, message).with(Report.SEVERITY, "ERROR").with(Report.SEVERITY_NAME, "ERROR"));
    }

    private CommandFailure(Report report) {
        super(report.field(Report.MESSAGE).orElse(""), null, false, false);
        this.report = report;
    }

    CommandFailure hint(String hint) {
        return new CommandFailure(report.with(Report.HINT, hint));
    }

    CommandFailure detail(String detail) {
        return new CommandFailure(report.with(Report.DETAIL, detail));
    }

    Report report() {
        return report;
    }
}
