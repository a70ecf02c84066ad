// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import io.pgtrickle.proxy.auth.Route;
import io.pgtrickle.proxy.config.PoolSettings;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** How many connections there are to each database and of each user, over all pools. Thread-safe. */
final class Counts {

    private final Map<String, Integer> databases = new ConcurrentHashMap<>();
    private final Map<String, Integer> users = new ConcurrentHashMap<>();

    /** Counts one more connection, unless there are as many as there may be. */
    synchronized boolean add(Route route, PoolSettings.Sizes limits) {
        int there = databases.getOrDefault(route.entry(), 0);
        int own = users.getOrDefault(route.user(), 0);
        if (limits.database() > 0 && there >= limits.database() || limits.user() > 0 && own >= limits.user()) {
            return false;
        }
        databases.put(route.entry(), there + 1);
        users.put(route.user(), own + 1);
        return true;
    }

    synchronized void remove(Route route) {
        databases.computeIfPresent(route.entry(), (_, count) -> count == 1 ? null : count - 1);
        users.computeIfPresent(route.user(), (_, count) -> count == 1 ? null : count - 1);
    }
}
