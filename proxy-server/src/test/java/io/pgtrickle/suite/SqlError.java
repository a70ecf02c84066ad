// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite;

import java.util.Optional;

/** An ErrorResponse; position is 1-based, 0 when there was none. */
public final class SqlError extends RuntimeException {

    private final String sqlState;
    private final String text;
    private final transient Optional<String> detail;
    private final transient Optional<String> hint;
    private final int position;

    public SqlError(
            String sqlState, String text, Optional<String> detail, Optional<String> hint, int position, Throwable cause) {
        super(sqlState + ": " + text + detail.map(d -> " DETAIL: " + d).orElse("") + hint.map(h -> " HINT: " + h).orElse(""), cause);
        this.sqlState = sqlState;
        this.text = text;
        this.detail = detail;
        this.hint = hint;
        this.position = position;
    }

    public String sqlState() {
        return sqlState;
    }

    /** The message without SQLSTATE, detail and hint. */
    public String text() {
        return text;
    }

    public String detail() {
        return detail.orElse("");
    }

    public String hint() {
        return hint.orElse("");
    }

    public int position() {
        return position;
    }
}
