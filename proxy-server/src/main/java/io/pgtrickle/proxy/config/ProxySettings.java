// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import io.pgtrickle.proxy.config.ProxyConfig.Authentication;
import io.pgtrickle.proxy.config.ProxyConfig.Engine;
import io.pgtrickle.proxy.config.ProxyConfig.Limits;
import io.pgtrickle.proxy.config.ProxyConfig.Listen;
import io.pgtrickle.proxy.config.ProxyConfig.Logging;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The registry of the settings that have an effect; in section [pgbouncer] PgBouncer's names, meanings and (unless it says why not) defaults. */
final class ProxySettings {

    static final Setting<List<String>> LISTEN_ADDR = new Setting<>("listen_addr", ValueType.list(), "localhost",
            "Addresses to listen on; `*` is every interface; empty for the Unix socket only, which is PgBouncer's default.");
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
    static final Setting<Integer> MIN_POOL_SIZE = new Setting<>("min_pool_size", ValueType.integer(0, Integer.MAX_VALUE), "0",
            "Server connections that stay open for a database and user once a client has come, whether they are needed or not.");
    static final Setting<Integer> RESERVE_POOL_SIZE = new Setting<>("reserve_pool_size", ValueType.integer(0, Integer.MAX_VALUE), "0",
            "Server connections beyond the pool's size, for when a client has waited for reserve_pool_timeout.");
    static final Setting<Duration> RESERVE_POOL_TIMEOUT = new Setting<>("reserve_pool_timeout", ValueType.seconds(), "5",
            "See reserve_pool_size; reserve connections are closed when nobody has used them for as long.");
    static final Setting<Integer> MAX_DB_CONNECTIONS = new Setting<>("max_db_connections", ValueType.integer(0, Integer.MAX_VALUE), "0",
            "Server connections to a database at most, whoever uses them; 0 for no limit. A connection nobody uses makes room for another user's.");
    static final Setting<Integer> MAX_USER_CONNECTIONS = new Setting<>("max_user_connections", ValueType.integer(0, Integer.MAX_VALUE), "0",
            "Server connections of a user at most, to whichever database; 0 for no limit.");
    static final Setting<Integer> MAX_DB_CLIENT_CONNECTIONS = new Setting<>("max_db_client_connections", ValueType.integer(0, Integer.MAX_VALUE), "0",
            "Clients of a database at most, whoever they are; further ones are refused once they have logged in. 0 for no limit.");
    static final Setting<Integer> MAX_USER_CLIENT_CONNECTIONS = new Setting<>("max_user_client_connections", ValueType.integer(0, Integer.MAX_VALUE), "0",
            "Clients of a user at most, whatever their databases; 0 for no limit.");
    static final Setting<Duration> QUERY_WAIT_NOTIFY = new Setting<>("query_wait_notify", ValueType.seconds(), "5",
            "A client that has waited so long for a server connection gets a NOTICE.");
    static final Setting<Duration> SERVER_LOGIN_RETRY = new Setting<>("server_login_retry", ValueType.seconds(), "15",
            "The longest pause between attempts to connect to a server that refuses or does not answer. The first is 0.1 s, each further one twice "
                    + "as long; meanwhile clients are told what the server said, unless there are connections to wait for.");
    static final Setting<Duration> SERVER_CHECK_DELAY = new Setting<>("server_check_delay", ValueType.seconds(), "30",
            "A server connection that was not used for so long is checked before it is given to a client.");
    static final Setting<String> SERVER_CHECK_QUERY = new Setting<>("server_check_query", ValueType.text(), "",
            "What it is checked with; an empty query by default.");
    static final Setting<Boolean> SERVER_ROUND_ROBIN = new Setting<>("server_round_robin", ValueType.bool(), "0",
            "1: give out the connection that was used longest ago, not the one used last.");
    static final Setting<Boolean> SERVER_RESET_QUERY_ALWAYS = new Setting<>("server_reset_query_always", ValueType.bool(), "0",
            "1: send server_reset_query after each transaction, too. Not needed: what a session leaves behind follows it or is reset.");
    static final Setting<Duration> QUERY_WAIT_TIMEOUT = new Setting<>("query_wait_timeout", ValueType.seconds(), "120",
            "A client that has waited so long for a server connection is disconnected.");
    static final Setting<Duration> SERVER_LIFETIME = new Setting<>("server_lifetime", ValueType.seconds(), "3600",
            "A server connection that is older is closed when it is not in use.");
    static final Setting<Duration> SERVER_IDLE_TIMEOUT = new Setting<>("server_idle_timeout", ValueType.seconds(), "600",
            "A server connection that has not been used for so long is closed.");
    static final Setting<String> SERVER_RESET_QUERY = new Setting<>("server_reset_query", ValueType.text(), "DISCARD ALL",
            "Sent in session pooling before a server connection is given to another client.");
    static final Setting<Duration> QUERY_TIMEOUT = new Setting<>("query_timeout", ValueType.seconds(), "0",
            "A session whose query takes longer is ended, and with it the query; 0 for no limit, as for the next three.");
    static final Setting<Duration> TRANSACTION_TIMEOUT = new Setting<>("transaction_timeout", ValueType.seconds(), "0",
            "A session whose transaction takes longer is ended.");
    static final Setting<Duration> IDLE_TRANSACTION_TIMEOUT = new Setting<>("idle_transaction_timeout", ValueType.seconds(), "0",
            "A session in whose transaction nothing happens for so long is ended.");
    static final Setting<Duration> CLIENT_IDLE_TIMEOUT = new Setting<>("client_idle_timeout", ValueType.seconds(), "0",
            "A session that does nothing for so long, outside of transactions, is ended.");
    static final Setting<Integer> MAX_PREPARED_STATEMENTS = new Setting<>("max_prepared_statements", ValueType.integer(0, Integer.MAX_VALUE), "200",
            "Prepared statements a server connection keeps when it is shared (`transaction`, `statement`); those not used for longest are prepared "
                    + "again when they are needed. Clients may have as many as they like, whatever this says.");
    static final Setting<String> LOGIN_NOTIFY_MESSAGE = new Setting<>("login_notify_message", ValueType.text(), "",
            "A NOTICE that every client gets when it has logged in.");
    static final Setting<Boolean> DISABLE_PQEXEC = new Setting<>("disable_pqexec", ValueType.bool(), "0",
            "1: a client that sends a simple query, which can hold several statements, is disconnected.");
    static final Setting<Boolean> APPLICATION_NAME_ADD_HOST = new Setting<>("application_name_add_host", ValueType.bool(), "0",
            "1: add the client's address and port to the application_name it logs in with.");
    static final Setting<Optional<Path>> PIDFILE = new Setting<>("pidfile", ValueType.file(), "",
            "A file that holds the number of the process while it runs; no other starts with the same one.");
    static final Setting<Optional<Path>> LOGFILE = new Setting<>("logfile", ValueType.file(), "",
            "A file that gets the log, besides standard error; opened anew on RELOAD.");
    static final Setting<Boolean> LOG_CONNECTIONS = new Setting<>("log_connections", ValueType.bool(), "1", "Log logins (without a configuration file: 0).");
    static final Setting<Boolean> LOG_DISCONNECTIONS = new Setting<>("log_disconnections", ValueType.bool(), "1",
            "Log the end of sessions, with the reason (without a configuration file: 0).");
    static final Setting<Boolean> LOG_POOLER_ERRORS = new Setting<>("log_pooler_errors", ValueType.bool(), "1",
            "Log the errors the proxy itself sends to clients.");
    static final Setting<List<String>> ADMIN_USERS = new Setting<>("admin_users", ValueType.list(), "",
            "Users that may do everything on the [admin console](admin-console.md).");
    static final Setting<List<String>> STATS_USERS = new Setting<>("stats_users", ValueType.list(), "",
            "Users that may look at everything on the admin console (`SHOW`) and change nothing.");
    static final Setting<Duration> STATS_PERIOD = new Setting<>("stats_period", ValueType.seconds(), "60",
            "How long the averages of `SHOW STATS` are taken over.");
    static final Setting<Integer> VERBOSE = new Setting<>("verbose", ValueType.integer(0, Integer.MAX_VALUE), "0",
            "0 normal, 1 debug, 2 or more trace.");

    /** Section [pgbouncer]. */
    static final List<Setting<?>> ALL = Stream.concat(Stream.<Setting<?>>of(LISTEN_ADDR, LISTEN_PORT, AUTH_TYPE, AUTH_FILE, AUTH_USER, AUTH_QUERY, AUTH_DBNAME, AUTH_HBA_FILE,
            AUTH_IDENT_FILE, SCRAM_ITERATIONS, MAX_CLIENT_CONN, CLIENT_LOGIN_TIMEOUT, SERVER_CONNECT_TIMEOUT, SERVER_LOGIN_RETRY, POOL_MODE, DEFAULT_POOL_SIZE, MIN_POOL_SIZE, RESERVE_POOL_SIZE,
            RESERVE_POOL_TIMEOUT, MAX_DB_CONNECTIONS, MAX_USER_CONNECTIONS, MAX_DB_CLIENT_CONNECTIONS, MAX_USER_CLIENT_CONNECTIONS, QUERY_WAIT_TIMEOUT, QUERY_WAIT_NOTIFY, SERVER_LIFETIME,
            SERVER_IDLE_TIMEOUT, SERVER_CHECK_DELAY, SERVER_CHECK_QUERY, SERVER_ROUND_ROBIN, SERVER_RESET_QUERY, SERVER_RESET_QUERY_ALWAYS,
            MAX_PREPARED_STATEMENTS, QUERY_TIMEOUT, TRANSACTION_TIMEOUT, IDLE_TRANSACTION_TIMEOUT, CLIENT_IDLE_TIMEOUT, LOGIN_NOTIFY_MESSAGE, DISABLE_PQEXEC, APPLICATION_NAME_ADD_HOST, PIDFILE, LOGFILE, LOG_CONNECTIONS, LOG_DISCONNECTIONS, LOG_POOLER_ERRORS, VERBOSE,
            ADMIN_USERS, STATS_USERS, STATS_PERIOD), Stream.concat(NetworkKeys.ALL.stream(), TlsKeys.ALL.stream())).toList();

    /** What takes a new start; the others can change while the proxy runs. */
    static final Set<String> FIXED =
            Stream.concat(Stream.of(LISTEN_ADDR.name(), LISTEN_PORT.name(), PIDFILE.name(), LOGFILE.name()), NetworkKeys.FIXED.stream()).collect(Collectors.toUnmodifiableSet());

    static final Setting<Optional<HostPort>> METRICS_LISTEN = new Setting<>("metrics_listen", ValueType.hostPort(), "",
            "Where Prometheus finds [metrics](admin-console.md#metrics), host:port; without it there are none. Whoever can connect there can read them.");

    static final Setting<String> ENGINE_USER = new Setting<>("user", ValueType.text(), "",
            "The role the engine logs in as, on its own connections; the same as `--user` on the command line, which comes first. Without either "
                    + "it is found as libpq does: the service of `PGSERVICE`, then `PGUSER`, then the operating system's user.");

    /** Not in section [pgbouncer], as it is about one database. */
    static final Setting<String> CONNECT_QUERY = new Setting<>("connect_query", ValueType.text(), "",
            "Sent on each server connection when it has been opened; an error is logged, nothing else.");

    /** What sessions of an entry of [databases] begin with unless the client says otherwise: startup parameters. */
    static final List<Setting<String>> SESSION_DEFAULTS = Stream.of("application_name", "client_encoding", "datestyle", "timezone")
            .map(name -> new Setting<>(name, ValueType.text(), "", "What sessions begin with whose client does not set " + name + " itself."))
            .toList();

    private static Setting<?> renamed(String name, Setting<?> setting) {
        return new Setting<>(name, setting.type(), "", "Instead of " + setting.name() + ".");
    }

    private static Setting<?> own(Setting<?> setting) {
        return renamed(setting.name(), setting);
    }

    /** How connections of an entry of [databases] are shared. */
    static final List<Setting<?>> DATABASE_POOL = Stream.concat(SESSION_DEFAULTS.stream(), Stream.of(
            own(POOL_MODE), renamed("pool_size", DEFAULT_POOL_SIZE), own(MIN_POOL_SIZE), own(RESERVE_POOL_SIZE),
            renamed("reserve_pool", RESERVE_POOL_SIZE), own(MAX_DB_CONNECTIONS), own(MAX_DB_CLIENT_CONNECTIONS), own(SERVER_LIFETIME), CONNECT_QUERY)).toList();

    /** The values of section [users]. */
    static final List<Setting<?>> USER = List.of(
            own(POOL_MODE), renamed("pool_size", DEFAULT_POOL_SIZE), own(RESERVE_POOL_SIZE), own(MAX_USER_CONNECTIONS), own(MAX_USER_CLIENT_CONNECTIONS),
            own(QUERY_TIMEOUT), own(TRANSACTION_TIMEOUT), own(IDLE_TRANSACTION_TIMEOUT), own(CLIENT_IDLE_TIMEOUT));

    /** Section [pgtrickle]. */
    static final List<Setting<?>> ENGINE = Stream.concat(Stream.<Setting<?>>of(ENGINE_USER, METRICS_LISTEN), NetworkKeys.OWN.stream()).toList();

    /** What an entry of section [databases] can say. */
    static final List<Setting<?>> DATABASE = List.of(
            new Setting<>("host", ValueType.text(), "",
                    "The server's name or address, or the directory of its Unix socket, or several of these with commas; without it the server of "
                            + "`--server`, else localhost:5432."),
            new Setting<>("port", ValueType.listOf(ValueType.integer(1, 65535).parser(), "1 to 65535"), "5432", "The server's port; one for all hosts, or as many as there are hosts."),
            HostReader.LOAD_BALANCE_HOSTS,
            HostReader.TARGET_SESSION_ATTRS,
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

    static ClientLimits clientLimits(SettingValues values) {
        return new ClientLimits(values.get(MAX_DB_CLIENT_CONNECTIONS), values.get(MAX_USER_CLIENT_CONNECTIONS));
    }

    static TimeLimits timeLimits(SettingValues values) {
        return new TimeLimits(
                values.get(QUERY_TIMEOUT), values.get(TRANSACTION_TIMEOUT), values.get(IDLE_TRANSACTION_TIMEOUT), values.get(CLIENT_IDLE_TIMEOUT));
    }

    static PoolSettings pooling(SettingValues values) {
        return new PoolSettings(
                values.get(POOL_MODE),
                new PoolSettings.Sizes(values.get(DEFAULT_POOL_SIZE), values.get(MIN_POOL_SIZE), values.get(RESERVE_POOL_SIZE),
                        values.get(RESERVE_POOL_TIMEOUT), values.get(MAX_DB_CONNECTIONS), values.get(MAX_USER_CONNECTIONS)),
                new PoolSettings.Waiting(values.get(QUERY_WAIT_TIMEOUT), values.get(QUERY_WAIT_NOTIFY), values.get(SERVER_LOGIN_RETRY)),
                new PoolSettings.Upkeep(values.get(SERVER_LIFETIME), values.get(SERVER_IDLE_TIMEOUT), values.get(SERVER_CHECK_DELAY),
                        values.get(SERVER_ROUND_ROBIN)),
                new PoolSettings.Queries(values.get(SERVER_RESET_QUERY), values.get(SERVER_RESET_QUERY_ALWAYS), values.get(SERVER_CHECK_QUERY), values.get(CONNECT_QUERY)));
    }

    static ProxyConfig config(
            SettingValues values, Authentication authentication, Databases databases, PoolRules rules, Engine engine) {
        return new ProxyConfig(
                new Listen(values.get(LISTEN_ADDR), values.get(LISTEN_PORT)),
                authentication,
                databases,
                rules,
                new Limits(values.get(MAX_CLIENT_CONN), values.get(MAX_PREPARED_STATEMENTS), values.get(CLIENT_LOGIN_TIMEOUT), values.get(SERVER_CONNECT_TIMEOUT)),
                new Reception(values.get(LOGIN_NOTIFY_MESSAGE), !values.get(DISABLE_PQEXEC), values.get(APPLICATION_NAME_ADD_HOST)),
                new Logging(values.get(LOG_CONNECTIONS), values.get(LOG_DISCONNECTIONS), values.get(LOG_POOLER_ERRORS), values.get(VERBOSE)),
                TlsKeys.tls(values),
                engine,
                new ProxyConfig.Admin(
                        values.get(ADMIN_USERS), values.get(STATS_USERS), values.get(STATS_PERIOD), Optional.empty(), shown(values)),
                NetworkKeys.network(values),
                new ProxyConfig.Files(values.get(PIDFILE), values.get(LOGFILE)));
    }

    private static List<ShownSetting> shown(SettingValues values) {
        return ALL.stream()
                .map(setting -> new ShownSetting(
                        setting.name(),
                        values.texts().getOrDefault(setting.name(), setting.defaultText()),
                        setting.defaultText(),
                        !FIXED.contains(setting.name())))
                .sorted(Comparator.comparing(ShownSetting::name))
                .toList();
    }
}
