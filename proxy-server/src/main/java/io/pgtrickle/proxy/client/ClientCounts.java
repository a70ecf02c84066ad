// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import io.pgtrickle.proxy.config.ClientLimits;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** How many clients there are of each database and of each user, where that is limited. Thread-safe. */
final class ClientCounts {

    private final Map<String, Integer> databases = new HashMap<>();
    private final Map<String, Integer> users = new HashMap<>();

    /**
     * Counts one more client, until {@link #remove}, unless there are as many as there may be.
     *
     * @return the setting that forbids it
     */
    synchronized Optional<String> add(String database, String user, ClientLimits limits) {
        if (limits.database() > 0 && databases.getOrDefault(database, 0) >= limits.database()) {
            return Optional.of("max_db_client_connections");
        }
        if (limits.user() > 0 && users.getOrDefault(user, 0) >= limits.user()) {
            return Optional.of("max_user_client_connections");
        }
        databases.merge(database, 1, Integer::sum);
        users.merge(user, 1, Integer::sum);
        return Optional.empty();
    }

    synchronized void remove(String database, String user) {
        databases.computeIfPresent(database, (_, count) -> count == 1 ? null : count - 1);
        users.computeIfPresent(user, (_, count) -> count == 1 ? null : count - 1);
    }
}
