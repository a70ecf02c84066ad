// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.proxy.auth.ConfiguredAuthenticator;
import io.pgtrickle.proxy.config.ConfigFile;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.server.ProxyServer;
import io.pgtrickle.suite.TestEngines;
import io.pgtrickle.suite.TestPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A database of the tests' PostgreSQL, and a proxy in front of it whose own names for that database are pools of several sizes. Each
 * transaction gets the connection that was used longest ago, so that every session meets every connection of its pool.
 */
final class ClientsLab implements AutoCloseable {

    /** How a program's copies share connections. */
    enum Pool {
        /** For programs that need one connection at a time. */
        TWO("two", 2),
        /** For programs that need two at a time: three copies that hold one each leave one. */
        FOUR("four", 4),
        FIVE("five", 5);

        final String entry;
        final int size;

        Pool(String entry, int size) {
            this.entry = entry;
            this.size = size;
        }
    }

    private static final String SESSIONS = "sessions";
    private static final String STREAM = "WITH (pgtrickle.stream = true)";
    private static final int COPIES = 3;
    private static final int CONTEXT = 6;

    private final TestPostgres postgres = TestPostgres.shared();
    private final String database = postgres.createDatabase();
    private final ProxyServer proxy;
    private final int port;
    private int schemas;

    ClientsLab() {
        try {
            ProxyConfig config = config();
            proxy = new ProxyServer(config, new ConfiguredAuthenticator(config), TestEngines.shared());
            port = proxy.start().getPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private ProxyConfig config() throws IOException {
        var entries = new StringBuilder();
        for (Pool pool : Pool.values()) {
            entries.append("%s = host=%s port=%d dbname=%s pool_mode=transaction pool_size=%d%n"
                    .formatted(pool.entry, postgres.host(), postgres.port(), database, pool.size));
        }
        Path directory = Files.createTempDirectory("clients");
        Path users = Files.writeString(directory.resolve("users.txt"), "\"%s\" \"%s\"%n\"looker\" \"\"%n".formatted(Endpoint.USER, postgres.password()));
        Path file = Files.writeString(directory.resolve("proxy.ini"), """
                [databases]
                %s%s = host=%s port=%d dbname=%s pool_mode=session pool_size=40
                [pgtrickle]
                event_loops = 2
                [pgbouncer]
                listen_addr = 127.0.0.1
                listen_port = 0
                auth_type = trust
                auth_file = %s
                stats_users = looker
                server_round_robin = 1
                query_wait_timeout = 30
                log_connections = 0
                log_disconnections = 0
                """.formatted(entries, SESSIONS, postgres.host(), postgres.port(), database, users));
        ProxyConfig config = ConfigFile.load(file).config();
        List.of(file, users, directory).forEach(path -> path.toFile().delete());
        return config;
    }

    /** What a program sees in PostgreSQL itself it sees in transaction pooling among its likes, and in session pooling. */
    void seesTheSame(Pool pool, Program program) throws Exception {
        seesTheSame(pool, COPIES, program);
    }

    /** The same with another number of its likes, itself included. */
    void seesTheSame(Pool pool, int copies, Program program) throws Exception {
        List<Endpoint> endpoints = new ArrayList<>();
        for (int i = 0; i < copies; i++) {
            endpoints.add(proxied(pool.entry));
        }
        endpoints.add(proxied(SESSIONS));
        List<Future<List<String>>> observed = new ArrayList<>();
        try (ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread.ofPlatform().daemon().factory())) {
            Endpoint direct = direct();
            Future<List<String>> expected = threads.submit(observing(program, direct));
            endpoints.forEach(endpoint -> observed.add(threads.submit(observing(program, endpoint))));
            assertThat(expected.get()).isNotEmpty();
            for (int i = 0; i < endpoints.size(); i++) {
                assertSame(endpoints.get(i), observed.get(i).get(), expected.get());
            }
        }
        assertShared(pool);
    }

    /** Shows where they part, and a little of what comes before and after. */
    private static void assertSame(Endpoint endpoint, List<String> observed, List<String> expected) {
        int same = 0;
        while (same < observed.size() && same < expected.size() && observed.get(same).equals(expected.get(same))) {
            same++;
        }
        int from = Math.max(0, same - CONTEXT);
        assertThat(excerpt(observed, from)).as("%s, from line %d", endpoint, from + 1).isEqualTo(excerpt(expected, from));
    }

    private static String excerpt(List<String> lines, int from) {
        return String.join("\n", lines.subList(from, Math.min(lines.size(), from + 2 * CONTEXT)));
    }

    /** Names of schemas are the one thing that is different for each of them. */
    private static Callable<List<String>> observing(Program program, Endpoint endpoint) {
        return () -> program.run(endpoint).stream().map(line -> line.replace(endpoint.schema(), "mine")).toList();
    }

    Endpoint direct() {
        return new Endpoint(postgres.host(), postgres.port(), database, newSchema(), "");
    }

    Endpoint proxied(Pool pool) {
        return proxied(pool.entry);
    }

    private Endpoint proxied(String entry) {
        return new Endpoint("127.0.0.1", port, entry, newSchema(), STREAM);
    }

    /** All are equally long, for the sake of tables' widths. */
    private String newSchema() {
        schemas++;
        String schema = "s%03d".formatted(schemas);
        try (Connection connection = postgres.connect(database);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE SCHEMA " + schema);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        return schema;
    }

    /** Sessions have used each other's connections, there were few, and when all have left, none is held. */
    void assertShared(Pool pool) throws Exception {
        assertThat(number("STATS", "database", pool.entry, "total_server_assignment_count")).isGreaterThan(pool.size);
        assertThat(number("DATABASES", "name", pool.entry, "current_connections")).isBetween(1L, (long) pool.size);
        until(() -> number("POOLS", "database", pool.entry, "cl_active") == 0);
        until(() -> number("POOLS", "database", pool.entry, "sv_active") == 0);
    }

    private long number(String table, String key, String value, String column) throws SQLException {
        try (Connection console = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/pgbouncer?user=looker&password=");
                Statement statement = console.createStatement();
                ResultSet rows = statement.executeQuery("SHOW " + table)) {
            long sum = 0;
            while (rows.next()) {
                if (rows.getString(key).equals(value)) {
                    sum += rows.getLong(column);
                }
            }
            return sum;
        }
    }

    /** Waits for something that happens soon. */
    static void until(Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (!condition.call()) {
            assertThat(System.nanoTime() - deadline).as("waits too long").isNegative();
            Thread.sleep(10);
        }
    }

    @Override
    public void close() {
        proxy.close();
    }
}
