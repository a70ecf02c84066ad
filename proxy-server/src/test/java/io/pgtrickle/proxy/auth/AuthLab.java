// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import static org.assertj.core.api.Assumptions.assumeThat;

import io.pgtrickle.proxy.config.ConfigFile;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.embedded.EmbeddedPostgres;
import io.pgtrickle.proxy.embedded.EmbeddedPostgresOptions;
import io.pgtrickle.proxy.server.ProxyServer;
import io.pgtrickle.suite.NoEngines;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/** A PostgreSQL with a pg_hba.conf of the test's, proxies in front of it, and the clients on this machine. */
final class AuthLab implements AutoCloseable {

    /** A proxy, its door, and where it listens. */
    record Door(ConfiguredAuthenticator authenticator, int port) {}

    /** @param output standard output and error, without the line break at its end */
    record Ended(int status, String output) {}

    private final Path directory;
    private final EmbeddedPostgres server;
    private final List<ProxyServer> proxies = new ArrayList<>();

    AuthLab(Path directory, String hba) throws IOException {
        this.directory = directory;
        Files.createDirectories(directory.resolve("server"));
        Path file = Files.writeString(directory.resolve("pg_hba.conf"), hba);
        directory.toFile().setExecutable(true, false);
        file.toFile().setReadable(true, false);
        server = EmbeddedPostgres.start(
                EmbeddedPostgresOptions.volatileData(directory.resolve("server")).with("hba_file", file.toString()), System.err::println);
    }

    /** As superuser, past the proxies. */
    String sql(String... statements) throws SQLException {
        try (Connection superuser = connect(server.port(), "postgres", "postgres", "", Map.of());
                Statement statement = superuser.createStatement()) {
            String last = "";
            for (String sql : statements) {
                if (statement.execute(sql)) {
                    ResultSet rows = statement.getResultSet();
                    last = rows.next() ? rows.getString(1) : "";
                }
            }
            return last;
        }
    }

    Path write(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text);
    }

    ProxyConfig config(String databases, String settings) throws IOException {
        Path file = write("proxy.ini", """
                [databases]
                %s
                [pgbouncer]
                listen_addr = 127.0.0.1
                listen_port = 0
                %s
                """.formatted(databases, settings));
        return ConfigFile.load(file).config().withServer(new HostPort(EmbeddedPostgres.HOST, server.port()));
    }

    Door proxy(String databases, String settings) throws IOException {
        ProxyConfig config = config(databases, settings);
        var authenticator = new ConfiguredAuthenticator(config);
        var proxy = new ProxyServer(config, authenticator, new NoEngines());
        proxies.add(proxy);
        return new Door(authenticator, proxy.start().getPort());
    }

    static Connection connect(int port, String database, String user, String password, Map<String, String> more) throws SQLException {
        var properties = new Properties();
        properties.setProperty("user", user);
        properties.setProperty("password", password);
        properties.putAll(more);
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/" + database, properties);
    }

    /** Who the client is on the server, by pgjdbc. */
    static String whoAmI(Door door, String database, String user, String password) throws SQLException {
        return whoAmI(door, database, user, password, Map.of());
    }

    static String whoAmI(Door door, String database, String user, String password, Map<String, String> more) throws SQLException {
        try (Connection connection = connect(door.port(), database, user, password, more);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT session_user")) {
            rows.next();
            return rows.getString(1);
        }
    }

    /** Aborts the test where there is no psql. */
    static Ended psql(Door door, String database, String user, String password) throws Exception {
        assumeThat(isThere("psql", "--version")).as("psql").isTrue();
        return run(password, "psql", "-XAtq", "-h", "127.0.0.1", "-p", String.valueOf(door.port()), "-U", user, "-d", database, "-c", "SELECT session_user");
    }

    /** Aborts the test where there is no psycopg 3. */
    static Ended psycopg(Door door, String database, String user, String password) throws Exception {
        assumeThat(isThere("python3", "-c", "import psycopg")).as("psycopg").isTrue();
        String program = """
                import psycopg, sys
                try:
                    with psycopg.connect(host='127.0.0.1', port=%d, user=sys.argv[1], dbname=sys.argv[2]) as connection:
                        print(connection.execute('SELECT session_user').fetchone()[0])
                except psycopg.OperationalError as e:
                    print(e)
                    sys.exit(2)
                """.formatted(door.port());
        return run(password, "python3", "-c", program, user, database);
    }

    private static boolean isThere(String... command) throws Exception {
        try {
            return run("", command).status() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private static Ended run(String password, String... command) throws Exception {
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("PGPASSWORD", password);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        return new Ended(process.waitFor(), output);
    }

    @Override
    public void close() {
        proxies.forEach(ProxyServer::close);
        server.close();
    }
}
