// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

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

    /**
     * The server all entries are on, which the engine works on as well.
     *
     * @throws ConfigException if they are on several; an engine that took a name for the database of another server would do harm
     */
    public HostPort onlyServer() {
        List<HostPort> servers = Stream.concat(named.values().stream(), fallback.stream()).map(this::serverOf).distinct().toList();
        if (servers.size() > 1) {
            throw new ConfigException("[databases] names several servers (" + servers.stream().map(HostPort::toString).collect(Collectors.joining(", "))
                    + "), which is not supported yet: run one proxy for each");
        }
        return servers.isEmpty() ? server : servers.getFirst();
    }
}
