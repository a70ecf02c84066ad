// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.engine;

/** Finds or opens the engine of a database; one engine per database for the life of the process. */
public interface Engines extends AutoCloseable {

    /**
     * The engine of a database; opening it for the first time connects with the engine's own credentials and blocks.
     * A database is only written to when a statement names pgtrickle: {@code install} says so.
     *
     * @param install whether the catalog shall be installed if the database has none
     */
    StreamTableEngine forDatabase(String database, boolean install);

    @Override
    void close();
}
