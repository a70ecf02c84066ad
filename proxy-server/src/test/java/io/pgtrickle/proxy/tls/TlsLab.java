// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.tls;

import io.pgtrickle.proxy.auth.Authenticator;
import io.pgtrickle.proxy.auth.ConfiguredAuthenticator;
import io.pgtrickle.proxy.auth.TlsPeer;
import io.pgtrickle.proxy.config.ConfigFile;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.conversation.Leaks;
import io.pgtrickle.proxy.embedded.EmbeddedPostgres;
import io.pgtrickle.proxy.embedded.EmbeddedPostgresOptions;
import io.pgtrickle.proxy.server.ProxyServer;
import io.pgtrickle.suite.NoEngines;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;

/** A server with TLS, proxies before it with any settings, and certificates of an authority that both sides trust. */
final class TlsLab implements AutoCloseable {

    static final String PASSWORD = "secret";

    private static final String HBA = """
            host    all postgres 127.0.0.1/32 trust
            hostssl all tlsonly  127.0.0.1/32 trust
            host    all salted   127.0.0.1/32 scram-sha-256
            """;

    final Path directory = Files.createTempDirectory("pgtrickle-tls");
    final EmbeddedPostgres server;
    final Certificates certificates;
    private final List<ProxyServer> proxies = new ArrayList<>();

    TlsLab() throws Exception {
        Leaks.watch();
        directory.toFile().setExecutable(true, false);
        certificates = new Certificates(directory, "ca");
        certificates.server("proxy", "localhost", "127.0.0.1");
        certificates.server("server", "localhost", "127.0.0.1");
        new Certificates(directory, "other-ca").client("stranger", "CN=salted");
        certificates.client("client", "O=Example, CN=salted");
        Path hba = Files.writeString(directory.resolve("pg_hba.conf"), HBA);
        hba.toFile().setReadable(true, false);
        Path data = Files.createDirectories(directory.resolve("postgres"));
        server = EmbeddedPostgres.start(EmbeddedPostgresOptions.volatileData(data).with("hba_file", hba.toString()), System.err::println);
        sql("CREATE ROLE tlsonly LOGIN", "CREATE ROLE salted LOGIN PASSWORD '" + PASSWORD + "'");
        serverTls("server");
        Files.writeString(directory.resolve("users"), """
                "postgres" ""
                "tlsonly" ""
                "salted" "%s"
                """.formatted(PASSWORD));
    }

    /** Gives the server this certificate from now on, and these settings. */
    void serverTls(String name, String... settings) throws IOException, SQLException {
        Path data = directory.resolve("postgres").resolve("data");
        for (String file : List.of("crt", "key")) {
            Path copy = data.resolve("server." + file);
            Files.copy(directory.resolve(name + "." + file), copy, StandardCopyOption.REPLACE_EXISTING);
            Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rw-------"));
            Files.setOwner(copy, Files.getOwner(data));
        }
        sql("ALTER SYSTEM SET ssl = on");
        reload(settings);
    }

    void reload(String... settings) throws SQLException {
        sql(settings);
        try (Connection connection = direct(); Statement statement = connection.createStatement()) {
            String before = single(statement, "SELECT pg_conf_load_time()");
            statement.execute("SELECT pg_reload_conf()");
            while (single(statement, "SELECT pg_conf_load_time()").equals(before)) {
                Thread.onSpinWait();
            }
        }
    }

    void sql(String... commands) throws SQLException {
        try (Connection connection = direct(); Statement statement = connection.createStatement()) {
            for (String command : commands) {
                statement.execute(command);
            }
        }
    }

    Connection direct() throws SQLException {
        return connect(server.port(), "postgres", "sslmode", "disable");
    }

    /** A proxy, and whom its clients proved to be. */
    record Proxy(ProxyServer server, InetSocketAddress address, BlockingQueue<Optional<TlsPeer>> peers) {

        int port() {
            return address.getPort();
        }

        TlsPeer peer() {
            return Optional.ofNullable(peers.poll()).orElseThrow().orElseThrow(() -> new AssertionError("no TLS"));
        }

        boolean hadTls() {
            return Optional.ofNullable(peers.poll()).orElseThrow().isPresent();
        }
    }

    /** @param settings lines of section [pgbouncer]; {@code @} stands for the directory of the certificates */
    Proxy proxy(String authType, String... settings) throws IOException {
        return proxy(new HostPort(EmbeddedPostgres.HOST, server.port()), authType, settings);
    }

    Proxy proxy(HostPort behind, String authType, String... settings) throws IOException {
        ProxyConfig config = config(authType, settings).withServer(behind);
        var peers = new LinkedBlockingQueue<Optional<TlsPeer>>();
        Authenticator door = new ConfiguredAuthenticator(config);
        var proxy = new ProxyServer(config, visitor -> {
            peers.add(visitor.tls());
            return door.admit(visitor);
        }, new NoEngines());
        proxies.add(proxy);
        return new Proxy(proxy, proxy.start(), peers);
    }

    ProxyConfig config(String authType, String... settings) throws IOException {
        String needed = authType.equals("passthrough") ? "" : "auth_file = " + directory.resolve("users") + "\n";
        Path file = Files.writeString(directory.resolve("proxy.ini"), """
                [databases]
                * =
                [pgbouncer]
                listen_addr = 127.0.0.1
                listen_port = 0
                auth_type = %s
                log_connections = 0
                log_disconnections = 0
                """.formatted(authType) + needed + String.join("\n", settings).replace("@", directory.toString()) + "\n");
        return ConfigFile.load(file).config();
    }

    /** Settings that give clients TLS. */
    static String[] clients(String mode, String... more) {
        return Stream.concat(
                        Stream.of("client_tls_sslmode = " + mode, "client_tls_key_file = @/proxy.key", "client_tls_cert_file = @/proxy.crt",
                                "client_tls_ca_file = @/ca.crt"),
                        Stream.of(more))
                .toArray(String[]::new);
    }

    Connection connect(int port, String user, String... properties) throws SQLException {
        var all = new Properties();
        all.setProperty("user", user);
        all.setProperty("password", PASSWORD);
        for (int i = 0; i < properties.length; i += 2) {
            all.setProperty(properties[i], properties[i + 1].replace("@", directory.toString()));
        }
        return DriverManager.getConnection("jdbc:postgresql://localhost:" + port + "/postgres", all);
    }

    static String single(Statement statement, String query) throws SQLException {
        try (ResultSet rows = statement.executeQuery(query)) {
            rows.next();
            return rows.getString(1);
        }
    }

    static String single(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return single(statement, query);
        }
    }

    @Override
    public void close() throws IOException {
        proxies.forEach(ProxyServer::close);
        server.close();
        try (Stream<Path> all = Files.walk(directory)) {
            all.sorted(Comparator.reverseOrder()).forEach(path -> {
                try {
                    Files.delete(path);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
        Leaks.assertNone();
    }
}
