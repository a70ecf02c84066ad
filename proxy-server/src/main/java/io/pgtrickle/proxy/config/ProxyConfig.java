// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Everything the proxy is configured with; immutable, made by {@link ConfigFile} or {@link #passThrough}, changed by command line options. */
public record ProxyConfig(
        Listen listen,
        Authentication authentication,
        Databases databases,
        PoolRules pooling,
        Limits limits,
        Reception reception,
        Logging logging,
        Tls tls,
        Engine engine,
        Admin admin,
        NetworkSettings network,
        Files files) {

    /** PgBouncer keeps this name for its admin console. */
    public static final String CONSOLE = "pgbouncer";

    /** It is a database's if [databases] says so. */
    private static final String CONSOLE_ALIAS = "pgtrickle";

    /** @param addresses host names or addresses; {@code *} is every interface */
    public record Listen(List<String> addresses, int port) {

        public Listen {
            addresses = List.copyOf(addresses);
        }
    }

    /**
     * @param users auth_file
     * @param scramIterations for passwords that are known in clear
     * @param hba the lines of auth_hba_file, for type HBA
     * @param lookup how other users are looked up, unless their database says otherwise
     */
    public record Authentication(AuthType type, UserList users, int scramIterations, HbaRules hba, AuthLookup lookup) {

        /** One type for all connections, and no users but these. */
        public Authentication(AuthType type, UserList users, int scramIterations) {
            this(type, users, scramIterations, HbaRules.NONE, AuthLookup.UNSET);
        }
    }

    /**
     * A zero duration means no limit.
     *
     * @param maxPreparedStatements how many a shared server connection keeps
     */
    public record Limits(int maxClientConnections, int maxPreparedStatements, Duration clientLoginTimeout, Duration serverConnectTimeout) {}

    /** @param verbosity 0 normal, 1 debug, 2 and more trace */
    public record Logging(boolean connections, boolean disconnections, boolean poolerErrors, int verbosity) {}

    /**
     * What the process leaves in the file system.
     *
     * @param pid the file that tells its number
     * @param log the file that has the log, too
     */
    public record Files(Optional<Path> pid, Optional<Path> log) {

        static final Files NONE = new Files(Optional.empty(), Optional.empty());
    }

    public record Tls(TlsSettings clients, TlsSettings servers) {

        /** No TLS on either side. */
        public static final Tls NONE = TlsKeys.tls(new SettingValues(Map.of(TlsKeys.SERVER_MODE.name(), TlsMode.DISABLE.text())));
    }

    /** @param user the role of the engine's own connections; libpq's rules find one when absent ({@link LibpqRules}) */
    public record Engine(Optional<String> user) {}

    /**
     * Who may use the admin console and what is shown there.
     *
     * @param users who may do everything
     * @param statsUsers who may look only
     * @param statsPeriod over which averages are taken
     * @param metrics where Prometheus asks, if it may
     * @param settings all of section [pgbouncer]
     */
    public record Admin(List<String> users, List<String> statsUsers, Duration statsPeriod, Optional<HostPort> metrics, List<ShownSetting> settings) {

        static final Admin NOBODY = new Admin(List.of(), List.of(), Duration.ofMinutes(1), Optional.empty(), List.of());

        public Admin {
            users = List.copyOf(users);
            statsUsers = List.copyOf(statsUsers);
            settings = List.copyOf(settings);
        }
    }

    /** Without an admin console. */
    public ProxyConfig(
            Listen listen, Authentication authentication, Databases databases, PoolRules pooling, Limits limits, Logging logging, Tls tls, Engine engine) {
        this(listen, authentication, databases, pooling, limits, Reception.PLAIN, logging, tls, engine, Admin.NOBODY, NetworkKeys.network(SettingValues.WITHOUT_FILE), Files.NONE);
    }

    /** Whether a client that asks for a database of this name wants the admin console. Without anybody who may use it there is none. */
    public boolean isConsole(String database) {
        boolean used = authentication.type() == AuthType.ANY || !admin.users.isEmpty() || !admin.statsUsers.isEmpty();
        return used && (database.equals(CONSOLE) || database.equals(CONSOLE_ALIAS) && !databases.named().containsKey(CONSOLE_ALIAS));
    }

    /** Without a configuration file: every database and role of one server, with the client's own credentials; only errors are logged. */
    public static ProxyConfig passThrough(HostPort server) {
        int iterations = SettingValues.WITHOUT_FILE.get(ProxySettings.SCRAM_ITERATIONS);
        return ProxySettings.config(
                SettingValues.WITHOUT_FILE,
                new Authentication(AuthType.PASSTHROUGH, UserList.EMPTY, iterations),
                Databases.of(server),
                PoolRules.ofDefaults(SettingValues.WITHOUT_FILE),
                new Engine(Optional.empty()));
    }

    public ProxyConfig withListen(HostPort address) {
        return new ProxyConfig(new Listen(List.of(address.host()), address.port()), authentication, databases, pooling, limits, reception, logging, tls, engine, admin, network, files);
    }

    public ProxyConfig withEngineUser(String user) {
        return new ProxyConfig(listen, authentication, databases, pooling, limits, reception, logging, tls, new Engine(Optional.of(user)), admin, network, files);
    }

    public ProxyConfig withDatabases(Databases other) {
        return new ProxyConfig(listen, authentication, other, pooling, limits, reception, logging, tls, engine, admin, network, files);
    }

    /** Changes where the databases without a host are. */
    public ProxyConfig withServer(HostPort server) {
        var moved = new Databases(server, databases.named(), databases.fallback());
        return new ProxyConfig(listen, authentication, moved, pooling, limits, reception, logging, tls, engine, admin, network, files);
    }

    /** With what cannot change while the proxy runs as it was before. */
    public ProxyConfig keeping(ProxyConfig before) {
        List<ShownSetting> settings = admin.settings.stream()
                .map(setting -> setting.changeable() ? setting : before.shown(setting.name()).orElse(setting))
                .toList();
        var kept = new Admin(admin.users, admin.statsUsers, admin.statsPeriod, before.admin.metrics, settings);
        return new ProxyConfig(before.listen, authentication, databases, pooling, limits, reception, logging, tls, before.engine, kept, network.keeping(before.network), before.files);
    }

    private Optional<ShownSetting> shown(String name) {
        return admin.settings.stream().filter(setting -> setting.name().equals(name)).findFirst();
    }

    ProxyConfig withPeers(Map<Integer, HostPort> peers) {
        return new ProxyConfig(
                listen, authentication, databases, pooling, limits, reception, logging, tls, engine, admin, network.with(new Peering(network.peering().id(), peers)), files);
    }

    ProxyConfig withNetwork(NetworkSettings.Proxied proxied, int eventLoops) {
        return new ProxyConfig(listen, authentication, databases, pooling, limits, reception, logging, tls, engine, admin, network.with(proxied, eventLoops), files);
    }

    ProxyConfig withMetrics(Optional<HostPort> address) {
        var changed = new Admin(admin.users, admin.statsUsers, admin.statsPeriod, address, admin.settings);
        return new ProxyConfig(listen, authentication, databases, pooling, limits, reception, logging, tls, engine, changed, network, files);
    }
}
