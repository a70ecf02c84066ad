// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite;

import io.pgtrickle.proxy.auth.ConfiguredAuthenticator;
import io.pgtrickle.proxy.config.ConfigFile;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.server.ProxyServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;

/** pgjdbc through a proxy in this JVM, speaking either the simple or the extended protocol, with a server connection of its own or not. */
abstract sealed class ProxyDoor implements Door permits ProxyDoor.Simple, ProxyDoor.Extended, ProxyDoor.Pooled {

    private static final TestPostgres SERVER = TestPostgres.shared();

    private final String name;
    private final String queryMode;

    private ProxyDoor(String name, String queryMode) {
        this.name = name;
        this.queryMode = queryMode;
    }

    InetSocketAddress address() {
        return Running.ADDRESS;
    }

    /** A whole string of statements travels in one Query message; parameters are written into the text. */
    public static final class Simple extends ProxyDoor {
        public Simple() {
            super("simple", "simple");
        }
    }

    /** Each statement is parsed, bound, described and executed; a string of statements is pipelined up to one Sync. */
    public static final class Extended extends ProxyDoor {
        public Extended() {
            super("extended", "extended");
        }
    }

    /** The extended protocol in transaction pooling: another server connection with every transaction. */
    public static final class Pooled extends ProxyDoor {
        public Pooled() {
            super("pooled", "extended");
        }

        @Override
        InetSocketAddress address() {
            return RunningPool.ADDRESS;
        }

        @Override
        public boolean sharesConnections() {
            return true;
        }
    }

    /** One proxy for both, started when it is first needed; it ends with the JVM. */
    private static final class Running {
        static final InetSocketAddress ADDRESS = start();

        private static InetSocketAddress start() {
            return ProxyDoor.start(ProxyConfig.passThrough(new HostPort(SERVER.host(), SERVER.port())));
        }
    }

    /** The roles of the tests come and go, so the server is asked for them. */
    private static final class RunningPool {
        static final InetSocketAddress ADDRESS = start();

        private static InetSocketAddress start() {
            try {
                Path file = Files.writeString(Files.createTempFile("pooled", ".ini"), """
                        [pgtrickle]
                        event_loops = 2
                        [pgbouncer]
                        auth_type = trust
                        auth_user = %s
                        auth_dbname = postgres
                        pool_mode = transaction
                        default_pool_size = 3
                        server_round_robin = 1
                        server_idle_timeout = 2
                        max_client_conn = 1000
                        log_connections = 0
                        log_disconnections = 0
                        """.formatted(SERVER.user()));
                file.toFile().deleteOnExit();
                return ProxyDoor.start(ConfigFile.load(file).config().withServer(new HostPort(SERVER.host(), SERVER.port())));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static InetSocketAddress start(ProxyConfig config) {
        ProxyConfig listening = config.withListen(new HostPort("127.0.0.1", 0));
        try {
            return new ProxyServer(listening, new ConfiguredAuthenticator(listening), TestEngines.shared()).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public boolean sendsStatementsSeparately() {
        return queryMode.equals("extended");
    }

    @Override
    public Client connect(String database, String role) {
        Properties properties = new Properties();
        properties.setProperty("user", role);
        properties.setProperty("password", SERVER.password());
        properties.setProperty("preferQueryMode", queryMode);
        properties.setProperty("prepareThreshold", "2");
        String url = "jdbc:postgresql://" + address().getHostString() + ":" + address().getPort() + "/" + database;
        try {
            return new PgClient(DriverManager.getConnection(url, properties));
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String toString() {
        return name();
    }
}
