// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.session;

import java.time.Duration;
import java.util.List;

/** One of the engine's own connections, outside a transaction unless its user began one. Used by one thread at a time. */
public interface EngineConnection extends SqlSession, AutoCloseable {

    /** Its lock_timeout, unless a transaction sets another. Well below deadlock_timeout of users' sessions, by default 1s. */
    int LOCK_TIMEOUT_MS = 300;

    /**
     * Sends several statements in one round trip. Outside a transaction block they are one implicit transaction.
     *
     * @return the result of the last one
     */
    SqlResult batch(List<String> statements);

    /**
     * Puts the session back to how it was opened, in the transaction it is in: fires deferred triggers, closes cursors, resets
     * settings. Made of statements that resolve no name and no operator before the search_path is right again.
     *
     * @param id the stream table whose program has run
     * @throws SqlFailure 42501 if a trigger might wait nevertheless
     */
    void scrub(long id);

    /** Waits for a NOTIFY on a channel this connection listens to; true if one has come. */
    boolean awaitNotification(Duration timeout);

    @Override
    default boolean isEngineRole() {
        return true;
    }

    /** Ends the connection or hands it back; an open transaction is rolled back. */
    @Override
    void close();
}
