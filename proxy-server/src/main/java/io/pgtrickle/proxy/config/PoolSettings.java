// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.time.Duration;

/** How the server connections of one database and user are shared. A zero duration means no limit, and so does a size of 0. */
public record PoolSettings(PoolMode mode, Sizes sizes, Waiting waiting, Upkeep upkeep, Queries queries) {

    /** A connection for each client, closed when it leaves. */
    public static final PoolSettings UNSHARED = new PoolSettings(
            PoolMode.SESSION,
            new Sizes(0, 0, 0, Duration.ZERO, 0, 0),
            new Waiting(Duration.ZERO, Duration.ZERO, Duration.ZERO),
            new Upkeep(Duration.ZERO, Duration.ZERO, Duration.ZERO, false),
            new Queries("", false, "", ""));

    /** The same in another mode. */
    public PoolSettings with(PoolMode other) {
        return new PoolSettings(other, sizes, waiting, upkeep, queries);
    }

    /**
     * @param size connections at most
     * @param min connections that are kept open once there has been a client
     * @param reserve connections more, when the oldest client has waited for {@code reserveTimeout}
     * @param database connections to the database at most, of all users
     * @param user connections of the user at most, to all databases
     */
    public record Sizes(int size, int min, int reserve, Duration reserveTimeout, int database, int user) {}

    /**
     * @param timeout how long a client waits for a connection
     * @param notice after which a waiting client is told that it waits
     * @param loginRetry the longest pause between attempts to connect after failures
     */
    public record Waiting(Duration timeout, Duration notice, Duration loginRetry) {}

    /**
     * @param lifetime connections older than this are closed when they are not in use
     * @param idleTimeout connections not used for so long are closed
     * @param checkDelay connections not used for so long are checked before a client gets them
     * @param roundRobin whether the connection used longest ago is lent first, not the one used last
     */
    public record Upkeep(Duration lifetime, Duration idleTimeout, Duration checkDelay, boolean roundRobin) {}

    /**
     * @param reset sent when a client has left something behind; empty for none
     * @param resetAlways whether it is sent after each transaction, too
     * @param check sent to see whether a connection is still good; empty for an empty query
     * @param connect sent when a connection has been opened; empty for none
     */
    public record Queries(String reset, boolean resetAlways, String check, String connect) {}

    /** With a mode and sizes of a database's or user's own. */
    public PoolSettings with(PoolMode otherMode, Sizes otherSizes, String connectQuery) {
        return new PoolSettings(
                otherMode, otherSizes, waiting, upkeep, new Queries(queries.reset, queries.resetAlways, queries.check, connectQuery));
    }
}
