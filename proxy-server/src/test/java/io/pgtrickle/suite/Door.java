// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite;

/**
 * A way in which a user's statement reaches the product. Doors are found with {@link java.util.ServiceLoader}, so a module
 * that adds a way in adds a door and runs the same tests. Thread-safe; lives as long as the tests.
 */
public interface Door {

    /** Short name for reports, e.g. {@code direct}. */
    String name();

    /** A new session; the role must be able to log in without a password. */
    Client connect(String database, String role);

    /** Whether a string of several statements shows the command tag of each; JDBC hides those of what is not ours. */
    default boolean showsEveryTag() {
        return true;
    }

    /** Whether each statement of a string travels by itself. */
    default boolean sendsStatementsSeparately() {
        return false;
    }

    /** Whether the server connection may be another one in every transaction. */
    default boolean sharesConnections() {
        return false;
    }
}
