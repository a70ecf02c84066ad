// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.conversation;

import io.pgtrickle.proxy.auth.ConfiguredAuthenticator;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.server.ProxyServer;
import io.pgtrickle.suite.TestPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;
import java.util.Properties;

/** A proxy with a fake engine in front of the tests' PostgreSQL, and a database of its own. */
final class Proxy implements AutoCloseable {

    final TestPostgres postgres = TestPostgres.shared();
    final String database = postgres.createDatabase();
    final FakeEngines engines = new FakeEngines(postgres);
    final InetSocketAddress server = new InetSocketAddress(postgres.host(), postgres.port());
    final InetSocketAddress address;
    private final ProxyServer proxy;

    Proxy() {
        this(ProxyConfig.passThrough(new HostPort(TestPostgres.shared().host(), TestPostgres.shared().port())));
    }

    Proxy(ProxyConfig config) {
        ProxyConfig listening = config.withListen(new HostPort("127.0.0.1", 0));
        Leaks.watch();
        proxy = new ProxyServer(listening, new ConfiguredAuthenticator(listening), engines);
        try {
            address = proxy.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    RawClient client() {
        return RawClient.connect(address, database);
    }

    /** The same, past the proxy. */
    RawClient direct() {
        return RawClient.connect(server, database);
    }

    Connection jdbc(Map<String, String> options) throws SQLException {
        var properties = new Properties();
        properties.put("user", "postgres");
        properties.putAll(options);
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + address.getPort() + "/" + database, properties);
    }

    @Override
    public void close() {
        proxy.close();
        Leaks.assertNone();
    }
}
