// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import io.pgtrickle.proxy.config.ProxyConfig.Authentication;
import io.pgtrickle.proxy.config.ProxyConfig.Engine;
import io.pgtrickle.proxy.config.ProxyConfig.Limits;
import io.pgtrickle.proxy.config.ProxyConfig.Listen;
import io.pgtrickle.proxy.config.ProxyConfig.Logging;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The registry of the settings that have an effect; in section [pgbouncer] PgBouncer's names, meanings and (unless it says why not) defaults. */
final class ProxySettings {

    static final Setting<List<String>> LISTEN_ADDR = new Setting<>("listen_addr", ValueType.list(), "localhost",
            "Addresses to listen on; `*` is every interface. PgBouncer listens on no TCP address by default, we have no other kind of socket.");
    static final Setting<Integer> LISTEN_PORT = new Setting<>("listen_port", ValueType.integer(0, 65535), "6432",
            "Port to listen on; 0 takes a free one.");
    static final Setting<AuthType> AUTH_TYPE = new Setting<>("auth_type", ValueType.authType(), "md5",
            "How clients prove who they are. `passthrough`: the server's own exchange is relayed to the client, so every role of the server can "
                    + "log in as if directly connected (the default when no configuration file is given); what pg_hba.conf says about addresses is "
                    + "applied to the proxy's. `trust`: no password, but the user must "
                    + "be known (auth_file or auth_query). `any`: no password, any user name; every database must set `user`. `plain`: the password "
                    + "itself, readable on the way without TLS. `md5`: MD5, or SCRAM for users whose stored secret is a SCRAM secret. "
                    + "`scram-sha-256`: SCRAM. `cert`: the name in the client's TLS certificate must be the user's. `hba`: auth_hba_file decides. "
                    + "More in [security](security.md#authentication).");
    static final Setting<String> AUTH_FILE = new Setting<>("auth_file", ValueType.text(), "",
            "File with lines of `\"user\" \"secret\"`; a secret is a password, an MD5 hash or a SCRAM secret as pg_authid holds them. "
                    + "It may be missing when auth_user is set.");
    static final Setting<String> AUTH_USER = new Setting<>("auth_user", ValueType.text(), "",
            "Users that auth_file does not know are looked up on the server, by auth_query, as this user; its own password is in auth_file.");
    static final Setting<String> AUTH_QUERY = new Setting<>("auth_query", ValueType.text(), AuthLookup.DEFAULT_QUERY,
            "Returns the name and the secret of user `$1`; no row or no name: there is no such user; no secret: no password fits. Runs with "
                    + "`search_path = pg_catalog, public, pg_temp` in a session of its own.");
    static final Setting<String> AUTH_DBNAME = new Setting<>("auth_dbname", ValueType.text(), "",
            "The entry of [databases] where auth_query runs; without it the one the client asks for.");
    static final Setting<String> AUTH_HBA_FILE = new Setting<>("auth_hba_file", ValueType.text(), "",
            "For auth_type `hba`: lines as in pg_hba.conf; the first that fits decides, and what none fits is refused.");
    static final Setting<String> AUTH_IDENT_FILE = new Setting<>("auth_ident_file", ValueType.text(), "",
            "The maps that `map=` in auth_hba_file names: lines of map, name in the certificate, user or `all`.");
    static final Setting<Integer> SCRAM_ITERATIONS = new Setting<>("scram_iterations", ValueType.integer(1, Integer.MAX_VALUE), "4096",
            "Iterations of the SCRAM secrets made from passwords that are known in clear.");
    static final Setting<Integer> MAX_CLIENT_CONN = new Setting<>("max_client_conn", ValueType.integer(1, Integer.MAX_VALUE), "100",
            "Client connections at the same time; further ones are refused (without a configuration file: only by the server).");
    static final Setting<Duration> CLIENT_LOGIN_TIMEOUT = new Setting<>("client_login_timeout", ValueType.seconds(), "60",
            "A client that has not logged in after this time is disconnected.");
    static final Setting<Duration> SERVER_CONNECT_TIMEOUT = new Setting<>("server_connect_timeout", ValueType.seconds(), "15",
            "A server connection that is not ready after this time is given up.");
    static final Setting<PoolMode> POOL_MODE = new Setting<>("pool_mode", ValueType.oneOf(List.of(PoolMode.values()), PoolMode::text), "session",
            "When a server connection is given to another client: `session`, when its client leaves; `transaction`, after each transaction; `statement`, after each statement, and blocks are refused. "
                    + "With auth_type `passthrough` every client keeps a connection of its own.");
    static final Setting<Integer> DEFAULT_POOL_SIZE = new Setting<>("default_pool_size", ValueType.integer(0, Integer.MAX_VALUE), "20",
            "Server connections at most, for each database and user; 0 for no limit.");
    static final Setting<Duration> QUERY_WAIT_TIMEOUT = new Setting<>("query_wait_timeout", ValueType.seconds(), "120",
            "A client that has waited so long for a server connection is disconnected.");
    static final Setting<Duration> SERVER_LIFETIME = new Setting<>("server_lifetime", ValueType.seconds(), "3600",
            "A server connection that is older is closed when it is not in use.");
    static final Setting<Duration> SERVER_IDLE_TIMEOUT = new Setting<>("server_idle_timeout", ValueType.seconds(), "600",
            "A server connection that has not been used for so long is closed.");
    static final Setting<String> SERVER_RESET_QUERY = new Setting<>("server_reset_query", ValueType.text(), "DISCARD ALL",
            "Sent in session pooling before a server connection is given to another client.");
    static final Setting<Integer> MAX_PREPARED_STATEMENTS = new Setting<>("max_prepared_statements", ValueType.integer(0, Integer.MAX_VALUE), "200",
            "Prepared statements a server connection keeps when it is shared (`transaction`, `statement`); those not used for longest are prepared "
                    + "again when they are needed. Clients may have as many as they like, whatever this says.");
    static final Setting<Boolean> LOG_CONNECTIONS = new Setting<>("log_connections", ValueType.bool(), "1", "Log logins (without a configuration file: 0).");
    static final Setting<Boolean> LOG_DISCONNECTIONS = new Setting<>("log_disconnections", ValueType.bool(), "1",
            "Log the end of sessions, with the reason (without a configuration file: 0).");
    static final Setting<Boolean> LOG_POOLER_ERRORS = new Setting<>("log_pooler_errors", ValueType.bool(), "1",
            "Log the errors the proxy itself sends to clients.");
    static final Setting<Integer> VERBOSE = new Setting<>("verbose", ValueType.integer(0, Integer.MAX_VALUE), "0",
            "0 normal, 1 debug, 2 or more trace.");

    /** Section [pgbouncer]. */
    static final List<Setting<?>> ALL = List.of(LISTEN_ADDR, LISTEN_PORT, AUTH_TYPE, AUTH_FILE, AUTH_USER, AUTH_QUERY, AUTH_DBNAME,
            AUTH_HBA_FILE, AUTH_IDENT_FILE, SCRAM_ITERATIONS, MAX_CLIENT_CONN, CLIENT_LOGIN_TIMEOUT, SERVER_CONNECT_TIMEOUT, POOL_MODE,
            DEFAULT_POOL_SIZE, QUERY_WAIT_TIMEOUT, SERVER_LIFETIME, SERVER_IDLE_TIMEOUT, SERVER_RESET_QUERY, MAX_PREPARED_STATEMENTS,
            LOG_CONNECTIONS, LOG_DISCONNECTIONS, LOG_POOLER_ERRORS, VERBOSE);

    static final Setting<String> ENGINE_USER = new Setting<>("user", ValueType.text(), "",
            "The role the engine logs in as, on its own connections; the same as `--user` on the command line, which comes first. Without either "
                    + "it is found as libpq does: the service of `PGSERVICE`, then `PGUSER`, then the operating system's user.");

    /** Section [pgtrickle]. */
    static final List<Setting<?>> ENGINE = List.of(ENGINE_USER);

    /** What an entry of section [databases] can say. */
    static final List<Setting<?>> DATABASE = List.of(
            new Setting<>("host", ValueType.text(), "",
                    "The server's name or address; without it the server of `--server`, else localhost:5432."),
            new Setting<>("port", ValueType.integer(1, 65535), "5432", "The server's port."),
            new Setting<>("dbname", ValueType.text(), "", "The database's name there; without it the name the client asked for."),
            new Setting<>("user", ValueType.text(), "", "The user every client of this entry becomes there; without it the client's own name."),
            new Setting<>("password", ValueType.text(), "",
                    "That user's password; without it auth_file is asked, where a SCRAM secret serves once a client has logged in with it."),
            new Setting<>("auth_user", ValueType.text(), "", "Instead of the global auth_user."),
            new Setting<>("auth_query", ValueType.text(), "", "Instead of the global auth_query."),
            new Setting<>("auth_dbname", ValueType.text(), "", "Instead of the global auth_dbname."));

    private ProxySettings() {}

    static Optional<Setting<?>> find(List<Setting<?>> settings, String name) {
        return settings.stream().filter(setting -> setting.name().equals(name)).findFirst();
    }

    static ProxyConfig config(SettingValues values, Authentication authentication, Databases databases, Engine engine) {
        return new ProxyConfig(
                new Listen(values.get(LISTEN_ADDR), values.get(LISTEN_PORT)),
                authentication,
                databases,
                new PoolSettings(values.get(POOL_MODE), values.get(DEFAULT_POOL_SIZE), values.get(QUERY_WAIT_TIMEOUT),
                        values.get(SERVER_LIFETIME), values.get(SERVER_IDLE_TIMEOUT), values.get(SERVER_RESET_QUERY)),
                new Limits(values.get(MAX_CLIENT_CONN), values.get(MAX_PREPARED_STATEMENTS), values.get(CLIENT_LOGIN_TIMEOUT), values.get(SERVER_CONNECT_TIMEOUT)),
                new Logging(values.get(LOG_CONNECTIONS), values.get(LOG_DISCONNECTIONS), values.get(LOG_POOLER_ERRORS), values.get(VERBOSE)),
                engine);
    }
}
