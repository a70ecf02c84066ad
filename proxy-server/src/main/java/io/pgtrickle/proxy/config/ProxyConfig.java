// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

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
        Logging logging,
        Tls tls,
        Engine engine) {

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

    public record Tls(TlsSettings clients, TlsSettings servers) {

        /** No TLS on either side. */
        public static final Tls NONE = TlsKeys.tls(new SettingValues(Map.of(TlsKeys.SERVER_MODE.name(), TlsMode.DISABLE.text())));
    }

    /** @param user the role of the engine's own connections; libpq's rules find one when absent ({@link LibpqRules}) */
    public record Engine(Optional<String> user) {}

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
        return new ProxyConfig(new Listen(List.of(address.host()), address.port()), authentication, databases, pooling, limits, logging, tls, engine);
    }

    public ProxyConfig withEngineUser(String user) {
        return new ProxyConfig(listen, authentication, databases, pooling, limits, logging, tls, new Engine(Optional.of(user)));
    }

    public ProxyConfig withDatabases(Databases other) {
        return new ProxyConfig(listen, authentication, other, pooling, limits, logging, tls, engine);
    }

    /** Changes where the databases without a host are. */
    public ProxyConfig withServer(HostPort server) {
        var moved = new Databases(server, databases.named(), databases.fallback());
        return new ProxyConfig(listen, authentication, moved, pooling, limits, logging, tls, engine);
    }
}
