// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.session;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the engine runs SQL: one server connection, in whatever transaction it is in. Parameters and results are text.
 * Used by one thread at a time; every call blocks until the server has answered, so call it on virtual threads.
 *
 * <p>Over a client's connection the implementation uses named statements and the extended protocol without Sync, so that
 * neither the client's unnamed statement nor its implicit transaction is disturbed.
 */
public interface SqlSession {

    /**
     * Runs one statement.
     *
     * @param parameters values of $1, $2, … in text form, null for NULL; the server infers their types
     * @throws SqlFailure when the server reports an error; the transaction is then failed as usual
     * @throws SessionClosedException when the connection is gone
     */
    SqlResult execute(String sql, List<@Nullable String> parameters);

    default SqlResult execute(String sql, @Nullable String... parameters) {
        return execute(sql, java.util.Arrays.asList(parameters));
    }

    /** Whether this is the engine's own connection, logged in as the engine's role. */
    boolean isEngineRole();
}
