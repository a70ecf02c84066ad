// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import io.pgtrickle.proxy.auth.Route;
import io.pgtrickle.proxy.backend.Figures;
import io.pgtrickle.proxy.config.PoolSettings;
import io.pgtrickle.proxy.pool.ServerState.Phase;
import java.util.List;

/**
 * A pool as it was a moment ago.
 *
 * @param waiting clients that want a connection and have none
 * @param longestWait nanoseconds the first of them has waited
 * @param connections there are or will be
 * @param servers those that are connected
 */
public record PoolState(
        Route route, PoolSettings settings, int waiting, long longestWait, int connections, List<ServerState> servers, Figures figures) {

    public PoolState {
        servers = List.copyOf(servers);
    }

    public int count(Phase phase) {
        return (int) servers.stream().filter(server -> server.phase() == phase).count();
    }

    /** Those that are being logged in, also those that are not connected yet. */
    public int loggingIn() {
        return Math.max(0, connections - servers.size()) + count(Phase.NEW);
    }
}
