// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.pgtrickle.proxy.auth.ConfiguredAuthenticator;
import io.pgtrickle.proxy.config.ConfigSource;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.server.ProxyServer;
import io.pgtrickle.suite.NoEngines;
import io.pgtrickle.suite.TestPostgres;
import java.io.IOException;
import java.net.InetSocketAddress;
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
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.Callable;

/** A proxy of a configuration file in front of the tests' PostgreSQL; of users postgres, other, boss it asks no password. */
final class NetLab implements AutoCloseable {

    /** @param output standard output and error, without the line break at its end */
    record Ended(int status, String output) {}

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    final ProxyServer proxy;
    final InetSocketAddress address;

    /**
     * @param databases section [databases]
     * @param own section [pgtrickle]
     * @param settings of section [pgbouncer], after and so before those that all have
     */
    NetLab(Path directory, String databases, String own, String... settings) throws IOException {
        this(directory, Resolver.Lookup.ofSystem(), databases, own, settings);
    }

    /** @param lookup how servers' names are looked up */
    NetLab(Path directory, Resolver.Lookup lookup, String databases, String own, String... settings) throws IOException {
        Path users = Files.writeString(directory.resolve("users.txt"), "\"postgres\" \"\"\n\"other\" \"\"\n\"boss\" \"\"\n\"pgbouncer\" \"\"\n");
        Path file = Files.writeString(Files.createTempFile(directory, "net", ".ini"), """
                [databases]
                %s
                [pgtrickle]
                %s
                [pgbouncer]
                listen_addr = 127.0.0.1
                listen_port = 0
                auth_type = trust
                auth_file = %s
                admin_users = boss
                unix_socket_dir =
                %s
                """.formatted(databases, own, users, String.join("\n", settings)));
        TestPostgres postgres = TestPostgres.shared();
        var source = new ConfigSource(file, config -> config.withServer(new HostPort(postgres.host(), postgres.port())));
        ProxyConfig config = source.load().config();
        proxy = new ProxyServer(config, new ConfiguredAuthenticator(config), new NoEngines(), Optional.of(source), lookup);
        try {
            address = proxy.start();
        } catch (IOException e) {
            proxy.close();
            throw e;
        }
    }

    int port() {
        return address.getPort();
    }

    Connection connect(String database, String user) throws SQLException {
        return connect(port(), database, user);
    }

    static Connection connect(int port, String database, String user) throws SQLException {
        var properties = new Properties();
        properties.setProperty("user", user);
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/" + database, properties);
    }

    /** The first column of what it returns. */
    static List<String> query(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            var values = new ArrayList<String>();
            while (rows.next()) {
                values.add(rows.getString(1));
            }
            return values;
        }
    }

    /** What a SHOW says in these columns, a text for each row. */
    List<String> show(String what, String... columns) throws SQLException {
        try (Connection boss = connect("pgbouncer", "boss");
                Statement statement = boss.createStatement();
                ResultSet rows = statement.executeQuery("SHOW " + what)) {
            var found = new ArrayList<String>();
            while (rows.next()) {
                var values = new ArrayList<String>();
                for (String column : columns) {
                    values.add(rows.getString(column));
                }
                found.add(String.join(" ", values));
            }
            return found;
        }
    }

    static void until(Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.call()) {
            assertThat(System.nanoTime() - deadline).as("waits too long").isNegative();
            Thread.sleep(20);
        }
    }

    /** Aborts the test where there is no psql. */
    static Ended psql(String host, int port, String user, String database, String sql) throws Exception {
        Process process;
        try {
            process = new ProcessBuilder("psql", "-XAtqw", "-h", host, "-p", String.valueOf(port), "-U", user, "-d", database, "-c", sql)
                    .redirectErrorStream(true).start();
        } catch (IOException e) {
            assumeThat(false).as("psql").isTrue();
            throw e;
        }
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        return new Ended(process.waitFor(), output);
    }

    @Override
    public void close() {
        proxy.close();
    }
}
