// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.session;

/** Where the engine's own connections to one database come from. Thread-safe. */
public interface EngineConnections extends AutoCloseable {

    /** A connection of the pool, for short work. */
    EngineConnection borrow();

    /** A connection of its own, for what must outlive a transaction: session locks and LISTEN. */
    EngineConnection dedicated();

    /** Ends the pool's idle connections, and the others when they are given back. New ones are made as needed. */
    void release();

    /** Cancels the statements that borrowed connections are running. */
    void cancel();

    /** Runs {@code work} in a transaction that {@code begin} (e.g. {@code BEGIN ISOLATION LEVEL REPEATABLE READ}) starts. */
    default <T> T inTransaction(String begin, java.util.function.Function<EngineConnection, T> work) {
        try (EngineConnection connection = borrow()) {
            connection.execute(begin);
            T result = work.apply(connection);
            connection.execute("COMMIT");
            return result;
        }
    }

    @Override
    void close();
}
