// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.engine;

import io.pgtrickle.dvm.session.SqlSession;
import io.pgtrickle.sql.statement.SqlStatement.StreamTableCommand;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The engine of one database, as the front doors see it. Thread-safe; every call blocks, so call it on virtual threads. */
public interface StreamTableEngine {

    /**
     * Carries out a statement in the caller's session: its transaction, role and search_path.
     *
     * <p>When it fails, the session's transaction has been failed by the server, as for any failing statement: the
     * {@link io.pgtrickle.dvm.session.SqlFailure} thrown is the server's own ErrorResponse and the front door passes it on.
     * Notices reach the client through the server's NoticeResponse.
     *
     * @param parameters text values of the statement's $n
     */
    CommandOutcome execute(StreamTableCommand command, List<@Nullable String> parameters, SqlSession session);

    /**
     * The statement {@link #execute} begins with, whatever the engine: a SELECT that looks around in the session. A front door may
     * send it along with something else and answer it from memory, which saves a round trip.
     */
    static String firstStatement(StreamTableCommand command) {
        return Opening.query(command);
    }
}
