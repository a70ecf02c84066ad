// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The databases clients may ask for.
 *
 * @param server where an entry without a host is
 * @param named the entries by the name clients use
 * @param fallback the entry {@code *}, for all other names
 */
public record Databases(HostPort server, Map<String, DatabaseEntry> named, Optional<DatabaseEntry> fallback) {

    public Databases {
        named = Collections.unmodifiableMap(new LinkedHashMap<>(named));
    }

    /** Every database of one server. */
    public static Databases of(HostPort server) {
        return new Databases(server, Map.of(), Optional.of(DatabaseEntry.SAME));
    }

    public Optional<DatabaseEntry> find(String name) {
        return Optional.ofNullable(named.get(name)).or(() -> fallback);
    }

    public HostPort serverOf(DatabaseEntry entry) {
        return entry.server().orElse(server);
    }
}
