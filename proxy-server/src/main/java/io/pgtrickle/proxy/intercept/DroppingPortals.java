// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The portals of a session whose execution drops prepared statements; in most sessions there never are any. */
final class DroppingPortals {

    private record Bound(NamesInSql names, long pipeline) {}

    private final Map<String, Bound> portals = new HashMap<>();

    boolean isEmpty() {
        return portals.isEmpty();
    }

    /** A Bind is sent. */
    void bound(String portal, NamesInSql names, long pipeline) {
        if (names.drops()) {
            portals.put(portal, new Bound(names, pipeline));
        } else {
            portals.remove(portal);
        }
    }

    @Nullable NamesInSql find(String portal) {
        Bound bound = portals.get(portal);
        return bound == null ? null : bound.names;
    }

    /** Portals end with their transaction; those sent since belong to the next one. */
    void transactionEnded(long pipeline) {
        portals.values().removeIf(bound -> bound.pipeline != pipeline);
    }
}
