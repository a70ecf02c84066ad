// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.session;

import java.util.Optional;

/**
 * The fields of an ErrorResponse the engine cares about (PostgreSQL manual 54.8).
 *
 * @param position 1-based character position in the statement that was run, 0 when the server gave none
 */
public record ServerError(
        String severity,
        String sqlState,
        String message,
        Optional<String> detail,
        Optional<String> hint,
        int position) {

    /** The same error, found elsewhere. */
    public ServerError at(int elsewhere) {
        return new ServerError(severity, sqlState, message, detail, hint, elsewhere);
    }
}
