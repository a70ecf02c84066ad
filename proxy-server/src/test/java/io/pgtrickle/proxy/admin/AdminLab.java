// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.pgtrickle.proxy.auth.ConfiguredAuthenticator;
import io.pgtrickle.proxy.config.ConfigSource;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.server.ProxyServer;
import io.pgtrickle.suite.NoEngines;
import io.pgtrickle.suite.TestPostgres;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.Callable;

/** A proxy with an admin console in front of the tests' PostgreSQL, with a database of its own. */
final class AdminLab implements AutoCloseable {

    /** @param output standard output and error, without the line break at its end */
    record Ended(int status, String output) {}

    /** A row by the names of its columns, NULL as "null". */
    static final class Row extends LinkedHashMap<String, String> {

        private static final long serialVersionUID = 1;

        @Override
        public String get(Object column) {
            return Objects.requireNonNull(super.get(column));
        }
    }

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    final TestPostgres postgres = TestPostgres.shared();
    final String database = postgres.createDatabase();
    final ProxyServer proxy;
    final int port;
    private final Path file;

    /** @param settings of section [pgbouncer] */
    AdminLab(Path directory, String... settings) throws IOException {
        this(directory, List.of(settings), "");
    }

    /** @param ownSection what section [pgtrickle] says */
    AdminLab(Path directory, List<String> settings, String ownSection) throws IOException {
        Path users = Files.writeString(directory.resolve("users.txt"), """
                "postgres" "postgres"
                "boss" "the boss"
                "looker" "just looking"
                """);
        file = Files.createTempFile(directory, "proxy", ".ini");
        write(postgres.host(), """
                listen_addr = 127.0.0.1
                listen_port = 0
                auth_type = md5
                auth_file = %s
                admin_users = boss, root
                stats_users = looker
                %s
                [pgtrickle]
                %s
                """.formatted(users, String.join("\n", settings), ownSection));
        var source = new ConfigSource(file, config -> config);
        ProxyConfig config = source.load().config();
        proxy = new ProxyServer(config, new ConfiguredAuthenticator(config), new NoEngines(), Optional.of(source));
        port = proxy.start().getPort();
    }

    private void write(String host, String rest) throws IOException {
        Files.writeString(file, """
                [databases]
                %s = host=%s port=%d
                other = host=%s port=%d dbname=postgres pool_size=11 pool_mode=session
                [users]
                looker = pool_size=3 max_user_connections=9
                [pgbouncer]
                %s
                """.formatted(database, host, postgres.port(), host, postgres.port(), rest));
    }

    String configuration() throws IOException {
        return Files.readString(file);
    }

    void configuration(String text) throws IOException {
        Files.writeString(file, text);
    }

    Connection connect(String database, String user, String password, Map<String, String> more) throws SQLException {
        var properties = new Properties();
        properties.setProperty("user", user);
        properties.setProperty("password", password);
        properties.putAll(more);
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/" + database, properties);
    }

    Connection client() throws SQLException {
        return connect(database, "postgres", "postgres", Map.of());
    }

    Connection boss() throws SQLException {
        return connect("pgbouncer", "boss", "the boss", Map.of());
    }

    Connection looker() throws SQLException {
        return connect("pgbouncer", "looker", "just looking", Map.of());
    }

    /** One command of the boss's. */
    void command(String text) throws SQLException {
        try (Connection boss = boss();
                Statement statement = boss.createStatement()) {
            statement.execute(text);
        }
    }

    /** The rows of a SHOW, by the names of their columns. */
    List<Row> show(String what) throws SQLException {
        try (Connection looker = looker()) {
            return rows(looker, "SHOW " + what);
        }
    }

    /** The row of SHOW with this value in its first column. */
    Row show(String what, String first) throws SQLException {
        return show(what).stream().filter(row -> row.values().iterator().next().equals(first)).findFirst().orElseThrow();
    }

    static List<Row> rows(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            var rows = new ArrayList<Row>();
            while (result.next()) {
                var row = new Row();
                for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                    row.put(result.getMetaData().getColumnName(i), String.valueOf(result.getString(i)));
                }
                rows.add(row);
            }
            return rows;
        }
    }

    static String query(Connection connection, String sql) throws SQLException {
        return rows(connection, sql).getFirst().values().iterator().next();
    }

    static void until(Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.call()) {
            assertThat(System.nanoTime() - deadline).as("waits too long").isNegative();
            Thread.sleep(20);
        }
    }

    /** Aborts the test where there is no such program. */
    static Ended run(String password, String... command) throws Exception {
        try {
            var builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().put("PGPASSWORD", password);
            Process process = builder.start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return new Ended(process.waitFor(), output);
        } catch (IOException e) {
            assumeThat(false).as("%s: %s", command[0], e.getMessage()).isTrue();
            throw e;
        }
    }

    @Override
    public void close() {
        proxy.close();
    }
}
