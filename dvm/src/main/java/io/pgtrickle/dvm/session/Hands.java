// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.session;

import io.pgtrickle.dvm.error.EngineException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * With whose rights a statement runs in one transaction: the caller's, the engine's, or (through the engine's
 * {@code pgtrickle.pgt_run}) the stream table owner's. One instance per command; used by one thread.
 */
public interface Hands {

    /** Runs a statement with the rights of whoever is logged in. */
    SqlResult caller(String sql, @Nullable String... parameters);

    /** Runs a statement without a result as the engine's role, with a pinned search_path. */
    void engine(String sql);

    /** Several statements like {@link #engine}. */
    default void engine(List<String> statements) {
        statements.forEach(this::engine);
    }

    /** Runs a statement as the engine's role. Columns that are arrays or JSON must be cast to text. */
    List<Row> ask(String sql);

    /** Like {@link #ask} for what only reads or locks, so that a transaction that does nothing else writes nothing. */
    default List<Row> look(String sql) {
        return ask(sql);
    }

    /**
     * Runs a program of a stream table: a SELECT from {@code pgt_run} or {@code pgt_refresh}. The program runs functions of the stream
     * table's owner with the owner's rights; whatever they did to the session is undone before anything else runs in it with
     * other rights, as PostgreSQL does around its own maintenance commands: settings, cursors WITH HOLD and deferred
     * triggers, which would run at COMMIT.
     *
     * @param ownerIsLogin whether the owner is who has logged in anyway
     */
    Row owner(long id, boolean ownerIsLogin, String program);

    /** Whether this is somebody's session, whose transaction may have changed the sources itself. */
    boolean foreign();

    /** Whether every statement of the transaction sees one snapshot, taken at its first statement. */
    boolean oneSnapshot();

    /** Lets the server send a notice to the client; on the engine's own connection there is nobody to read it. */
    void notice(Level level, String code, String message, Optional<String> detail, Optional<String> hint);

    /** Lets the server raise the error, which fails the transaction. */
    RuntimeException raise(EngineException error);

    /** The row of a statement that always returns one. */
    default Row one(String sql) {
        List<Row> rows = ask(sql);
        if (rows.size() != 1) {
            throw new IllegalStateException("expected one row, got " + rows.size());
        }
        return rows.getFirst();
    }

    /** Severities below ERROR. */
    enum Level {
        NOTICE,
        WARNING,
        INFO
    }
}
