// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite;

import io.pgtrickle.proxy.embedded.EmbeddedPostgres;
import io.pgtrickle.proxy.embedded.EmbeddedPostgresOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Comparator;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.testcontainers.postgresql.PostgreSQLContainer;

/**
 * The PostgreSQL that this run of the tests uses: one server for the whole JVM, one database per test class. By default
 * the embedded one; {@code -Dpgtrickle.test.server=host:port} takes a running server (superuser postgres, password from
 * {@code -Dpgtrickle.test.password} if it wants one), {@code -Dpgtrickle.test.server=docker} a container.
 */
public record TestPostgres(String host, int port, String user, String password) {

    private static final AtomicInteger DATABASES = new AtomicInteger();

    /** Lazily, once per JVM. */
    private static final class Shared {
        static final TestPostgres SERVER = open(requested());
    }

    public static TestPostgres shared() {
        return Shared.SERVER;
    }

    static boolean inContainer() {
        return requested().equals("docker");
    }

    private static String requested() {
        return System.getProperty("pgtrickle.test.server", "embedded");
    }

    private static TestPostgres open(String server) {
        return switch (server) {
            case "embedded" -> embedded();
            case "docker" -> container();
            default -> {
                int colon = server.lastIndexOf(':');
                yield new TestPostgres(
                        server.substring(0, colon),
                        Integer.parseInt(server.substring(colon + 1)),
                        "postgres",
                        System.getProperty("pgtrickle.test.password", ""));
            }
        };
    }

    private static TestPostgres embedded() {
        try {
            Path directory = Files.createTempDirectory("pgtrickle-test");
            EmbeddedPostgres postgres = EmbeddedPostgres.start(
                    EmbeddedPostgresOptions.volatileData(directory).with("max_prepared_transactions", "20"), System.err::println);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                postgres.close();
                delete(directory);
            }));
            return new TestPostgres(EmbeddedPostgres.HOST, postgres.port(), EmbeddedPostgres.SUPERUSER, "");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @SuppressWarnings("resource") // Testcontainers removes it when the JVM ends
    private static TestPostgres container() {
        PostgreSQLContainer container = new PostgreSQLContainer("postgres:18")
                .withUsername("postgres")
                .withPassword("postgres")
                .withCommand("postgres", "-c", "fsync=off", "-c", "wal_level=logical", "-c", "max_connections=200", "-c", "max_prepared_transactions=20");
        container.start();
        return new TestPostgres(container.getHost(), container.getMappedPort(5432), "postgres", "postgres");
    }

    private static void delete(Path directory) {
        try (Stream<Path> all = Files.walk(directory)) {
            all.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A new empty database; its name is unique on the server. */
    public String createDatabase() {
        String name = "test_" + ProcessHandle.current().pid() + "_" + DATABASES.incrementAndGet();
        try (Connection connection = connect("postgres");
                Statement statement = connection.createStatement()) {
            statement.execute("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
            statement.execute("CREATE DATABASE " + name);
            return name;
        } catch (SQLException e) {
            throw new IllegalStateException("Cannot create a test database on " + this, e);
        }
    }

    /** A direct connection as superuser, past every proxy. */
    public Connection connect(String database) throws SQLException {
        return connect(database, user);
    }

    public Connection connect(String database, String role) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", role);
        properties.setProperty("password", password);
        return DriverManager.getConnection(url(database), properties);
    }

    public String url(String database) {
        return "jdbc:postgresql://" + host + ":" + port + "/" + database;
    }
}
