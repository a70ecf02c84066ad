// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite;

import io.pgtrickle.proxy.auth.ConfiguredAuthenticator;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.server.ProxyServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;

/** pgjdbc through a proxy in this JVM, speaking either the simple or the extended protocol. */
abstract sealed class ProxyDoor implements Door permits ProxyDoor.Simple, ProxyDoor.Extended {

    private static final TestPostgres SERVER = TestPostgres.shared();

    private final String queryMode;

    private ProxyDoor(String queryMode) {
        this.queryMode = queryMode;
    }

    /** A whole string of statements travels in one Query message; parameters are written into the text. */
    public static final class Simple extends ProxyDoor {
        public Simple() {
            super("simple");
        }
    }

    /** Each statement is parsed, bound, described and executed; a string of statements is pipelined up to one Sync. */
    public static final class Extended extends ProxyDoor {
        public Extended() {
            super("extended");
        }
    }

    /** One proxy for both, started when it is first needed; it ends with the JVM. */
    private static final class Running {
        static final InetSocketAddress ADDRESS = start();

        private static InetSocketAddress start() {
            ProxyConfig config = ProxyConfig.passThrough(new HostPort(SERVER.host(), SERVER.port())).withListen(new HostPort("127.0.0.1", 0));
            try {
                return new ProxyServer(config, new ConfiguredAuthenticator(config), TestEngines.shared()).start();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Override
    public String name() {
        return queryMode;
    }

    @Override
    public Client connect(String database, String role) {
        Properties properties = new Properties();
        properties.setProperty("user", role);
        properties.setProperty("password", SERVER.password());
        properties.setProperty("preferQueryMode", queryMode);
        properties.setProperty("prepareThreshold", "2");
        String url = "jdbc:postgresql://" + Running.ADDRESS.getHostString() + ":" + Running.ADDRESS.getPort() + "/" + database;
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
