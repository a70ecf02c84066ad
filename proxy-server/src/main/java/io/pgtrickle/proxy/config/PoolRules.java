// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * How connections are shared, for each database and user: what [users] says of the user comes before what [databases] says of the
 * database, and both before [pgbouncer].
 */
public final class PoolRules {

    /** Their names in [databases] and [users], where they differ. */
    private static final Map<String, String> RENAMED = Map.of(
            "pool_size", ProxySettings.DEFAULT_POOL_SIZE.name(),
            "reserve_pool", ProxySettings.RESERVE_POOL_SIZE.name());

    private static final String FALLBACK = "*";

    private final Map<String, String> global;
    private final Map<String, Map<String, String>> databases;
    private final Map<String, Map<String, String>> users;

    /**
     * @param global what [pgbouncer] says, checked
     * @param databases what entries of [databases] say, {@code *} among them, checked
     * @param users what entries of [users] say, checked
     */
    PoolRules(Map<String, String> global, Map<String, Map<String, String>> databases, Map<String, Map<String, String>> users) {
        this.global = Map.copyOf(global);
        this.databases = Map.copyOf(databases);
        this.users = Map.copyOf(users);
    }

    /** Without a configuration file. */
    static PoolRules ofDefaults(SettingValues values) {
        return new PoolRules(values.texts(), Map.of(), Map.of());
    }

    /** For connections to a database, as clients call it, as a user of the server. */
    public PoolSettings pooling(String database, String user) {
        return ProxySettings.pooling(values(database, user));
    }

    /** For clients of a database, as they call it, and of the user they are. */
    public ClientLimits clientLimits(String database, String user) {
        return ProxySettings.clientLimits(values(database, user));
    }

    /** Startup parameters for those of a database, as they call it, that do not set them themselves. */
    public Map<String, String> sessionDefaults(String database) {
        Map<String, String> own = Optional.ofNullable(databases.get(database)).or(() -> Optional.ofNullable(databases.get(FALLBACK))).orElse(Map.of());
        return ProxySettings.SESSION_DEFAULTS.stream()
                .map(Setting::name)
                .filter(own::containsKey)
                .collect(Collectors.toMap(name -> name, own::get));
    }

    /** For the sessions of a client's user. */
    public TimeLimits timeLimits(String user) {
        return ProxySettings.timeLimits(values("", user));
    }

    /** What [users] says of the user itself; a setting's name there. */
    public Optional<String> ofUser(String user, String setting) {
        return Optional.ofNullable(users.get(user)).map(own -> own.get(setting));
    }

    /** What [databases] says of the database itself. */
    public Optional<String> ofDatabase(String database, String setting) {
        return Optional.ofNullable(databases.get(database)).map(own -> own.get(setting));
    }

    /** For those of which nothing is said. */
    public PoolSettings pooling() {
        return ProxySettings.pooling(new SettingValues(global));
    }

    private SettingValues values(String database, String user) {
        var texts = new HashMap<>(global);
        add(texts, Optional.ofNullable(databases.get(database)).or(() -> Optional.ofNullable(databases.get(FALLBACK))));
        add(texts, Optional.ofNullable(users.get(user)).or(() -> Optional.ofNullable(users.get(FALLBACK))));
        return new SettingValues(texts);
    }

    private static void add(Map<String, String> texts, Optional<Map<String, String>> more) {
        more.orElse(Map.of()).forEach((name, value) -> texts.put(RENAMED.getOrDefault(name, name), value));
    }
}
