// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.time.Duration;

/**
 * How the connections of one database and user are shared. A zero duration means no limit.
 *
 * @param size connections at most; 0 for no limit
 * @param queryWaitTimeout how long a client waits for a connection
 * @param serverLifetime connections older than this are closed when they are not in use
 * @param serverIdleTimeout connections not used for so long are closed
 * @param resetQuery sent when a client of session pooling has left; empty for none
 */
public record PoolSettings(
        PoolMode mode, int size, Duration queryWaitTimeout, Duration serverLifetime, Duration serverIdleTimeout, String resetQuery) {

    /** A connection for each client, closed when it leaves. */
    public static final PoolSettings UNSHARED =
            new PoolSettings(PoolMode.SESSION, 0, Duration.ZERO, Duration.ZERO, Duration.ZERO, "DISCARD ALL");
}
