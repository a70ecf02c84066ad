// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.clients;

import io.pgtrickle.clients.ClientsLab.Pool;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyManager;

/** pgjdbc, with its default settings and those people change. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PgjdbcIT {

    private final ClientsLab lab = new ClientsLab();

    @AfterAll
    void close() {
        lab.close();
    }

    /** A program that has one connection. */
    @FunctionalInterface
    private interface Talk {
        void run(Connection connection, Observations seen) throws Exception;
    }

    private static Connection connect(Endpoint endpoint, String... options) throws SQLException {
        var properties = new Properties();
        properties.setProperty("user", Endpoint.USER);
        properties.setProperty("password", endpoint.password());
        for (String option : options) {
            int equals = option.indexOf('=');
            properties.setProperty(option.substring(0, equals), option.substring(equals + 1));
        }
        Connection connection = DriverManager.getConnection(endpoint.jdbcUrl(), properties);
        connection.setSchema(endpoint.schema());
        return connection;
    }

    private void seesTheSame(Talk talk, String... options) throws Exception {
        lab.seesTheSame(Pool.TWO, endpoint -> {
            var seen = new Observations();
            try (Connection connection = connect(endpoint, options)) {
                talk.run(connection, seen);
            }
            return seen.lines();
        });
    }

    private static void run(Connection connection, String... all) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : all) {
                statement.execute(sql);
            }
        }
    }

    private static void query(Connection connection, Observations seen, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            seen.rows(sql, statement.executeQuery(sql));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "prepareThreshold=5", "prepareThreshold=1", "prepareThreshold=0", "prepareThreshold=-1", "preferQueryMode=simple",
        "preferQueryMode=extendedForPrepared", "preferQueryMode=extendedCacheEverything", "binaryTransfer=false"
    })
    void prepared_statements(String option) throws Exception {
        boolean describes = !option.equals("preferQueryMode=simple"); // has no such message
        seesTheSame((connection, seen) -> {
            run(connection, "CREATE TABLE item (id serial PRIMARY KEY, name text NOT NULL, price numeric, at timestamptz, raw bytea, tags text[])");
            try (PreparedStatement insert = connection.prepareStatement(
                    "INSERT INTO item (name, price, at, raw, tags) VALUES (?, ?, ?::timestamptz, ?, ?)", Statement.RETURN_GENERATED_KEYS)) {
                for (int n = 0; n < 12; n++) {
                    insert.setString(1, "item " + n);
                    insert.setBigDecimal(2, java.math.BigDecimal.valueOf(n, 2));
                    insert.setString(3, "2026-01-02 03:04:05+00");
                    insert.setBytes(4, new byte[] {0, (byte) n});
                    insert.setArray(5, connection.createArrayOf("text", new String[] {"quote \"", null}));
                    insert.executeUpdate();
                    seen.rows("key", insert.getGeneratedKeys());
                }
            }
            try (PreparedStatement select = connection.prepareStatement("SELECT id, name, price FROM item WHERE id > ? ORDER BY id LIMIT 3")) {
                if (describes) {
                    seen.say("before it is executed", select.getMetaData().getColumnName(2), select.getParameterMetaData().getParameterTypeName(1));
                }
                for (int n = 0; n < 12; n++) {
                    select.setInt(1, n);
                    seen.rows("select", select.executeQuery());
                }
                select.setMaxRows(1);
                seen.rows("at most one", select.executeQuery());
                select.setLong(1, 2);
                seen.rows("another type", select.executeQuery());
                if (describes) {
                    seen.say("described again", select.getMetaData().getColumnTypeName(3));
                }
            }
            seen.fails("not null", () -> run(connection, "INSERT INTO item (name) VALUES (NULL)"));
            if (describes) {
                seen.fails("undefined", () -> connection.prepareStatement("SELECT nothing FROM item WHERE id = ?").getMetaData());
            }
            try (PreparedStatement divide = connection.prepareStatement("SELECT 10 / ?::int AS q")) {
                for (int n = 0; n < 12; n++) {
                    divide.setInt(1, n % 4);
                    seen.fails("divided", () -> seen.rows("q", divide.executeQuery()));
                }
            }
            // More than the driver keeps itself.
            for (int n = 0; n < 300; n++) {
                try (PreparedStatement many = connection.prepareStatement("SELECT ?::int + " + n % 280)) {
                    many.setInt(1, n);
                    seen.rows("many", many.executeQuery());
                }
            }
            try (Statement several = connection.createStatement()) {
                several.execute("SELECT 1 AS a; UPDATE item SET price = 1 WHERE id = 1; SELECT 2 AS b");
                seen.rows("first", several.getResultSet());
                seen.say("second", several.getMoreResults(), several.getUpdateCount(), several.getMoreResults());
                seen.rows("third", several.getResultSet());
            }
            run(connection, "DISCARD ALL");
            connection.setSchema("public");
            seen.fails("gone with DISCARD ALL", () -> query(connection, seen, "SELECT count(*) FROM item"));
        }, option);
    }

    @ParameterizedTest
    @ValueSource(strings = {"autosave=never", "autosave=always", "autosave=conservative"})
    void transactions(String option) throws Exception {
        seesTheSame((connection, seen) -> {
            run(connection, "CREATE TABLE t (a int PRIMARY KEY)");
            connection.setAutoCommit(false);
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO t VALUES (?)")) {
                for (int n : new int[] {1, 2, 2, 3, 1, 4}) {
                    insert.setInt(1, n);
                    seen.fails("insert " + n, insert::execute);
                }
            }
            seen.fails("commit", connection::commit);
            query(connection, seen, "SELECT count(*) FROM t");
            var savepoint = connection.setSavepoint();
            run(connection, "INSERT INTO t VALUES (10)");
            connection.rollback(savepoint);
            connection.commit();
            connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            connection.setReadOnly(true);
            query(connection, seen, "SHOW transaction_isolation");
            seen.fails("read only", () -> run(connection, "INSERT INTO t VALUES (11)"));
            connection.rollback();
            connection.setReadOnly(false);
            connection.setAutoCommit(true);
            query(connection, seen, "SELECT * FROM t ORDER BY a");
            query(connection, seen, "SHOW transaction_isolation");
        }, option, "prepareThreshold=1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"reWriteBatchedInserts=false", "reWriteBatchedInserts=true"})
    void batches(String option) throws Exception {
        seesTheSame((connection, seen) -> {
            run(connection, "CREATE TABLE t (a int PRIMARY KEY, b text)");
            for (int round = 0; round < 3; round++) {
                try (PreparedStatement insert = connection.prepareStatement("INSERT INTO t VALUES (?, ?)")) {
                    for (int n = 0; n < 500; n++) {
                        insert.setInt(1, round * 500 + n);
                        insert.setString(2, "x".repeat(n));
                        insert.addBatch();
                    }
                    seen.say("batch", Arrays.stream(insert.executeBatch()).map(count -> count == Statement.SUCCESS_NO_INFO ? 1 : count).sum());
                }
            }
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO t VALUES (?, 'failing')")) {
                for (int n : new int[] {5000, 5001, 1, 5002}) {
                    insert.setInt(1, n);
                    insert.addBatch();
                }
                try {
                    insert.executeBatch();
                } catch (BatchUpdateException e) {
                    seen.say("failing", e.getSQLState(), e.getUpdateCounts());
                }
            }
            try (Statement mixed = connection.createStatement()) {
                mixed.addBatch("UPDATE t SET b = 'y' WHERE a < 10");
                mixed.addBatch("DELETE FROM t WHERE a = 20");
                seen.say("mixed", mixed.executeBatch());
            }
            query(connection, seen, "SELECT count(*), sum(length(b)) FROM t");
        }, option);
    }

    @ParameterizedTest
    @ValueSource(strings = {"defaultRowFetchSize=7", "adaptiveFetch=true"})
    void cursors(String option) throws Exception {
        seesTheSame((connection, seen) -> {
            connection.setAutoCommit(false);
            for (int round = 0; round < 8; round++) {
                try (PreparedStatement select = connection.prepareStatement("SELECT n, repeat('x', n) FROM generate_series(1, ?) n");
                        Statement other = connection.createStatement()) {
                    select.setFetchSize(10);
                    select.setInt(1, 95);
                    int sum = 0;
                    try (ResultSet rows = select.executeQuery()) {
                        while (rows.next()) {
                            sum += rows.getInt(1);
                            if (rows.getInt(1) % 30 == 0) { // between two pieces
                                other.execute("SELECT 1");
                            }
                        }
                    }
                    seen.say("sum", sum);
                    ResultSet left = select.executeQuery();
                    left.next();
                }
                connection.commit();
            }
        }, option);
    }

    @Test
    void copies() throws Exception {
        seesTheSame((connection, seen) -> {
            run(connection, "CREATE TABLE t (a int PRIMARY KEY, b text)");
            CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
            var lines = new StringBuilder();
            IntStream.range(0, 20_000).forEach(n -> lines.append(n).append('\t').append("b".repeat(n % 50)).append('\n'));
            seen.say("in", copies.copyIn("COPY t FROM STDIN", new StringReader(lines.toString())));
            var out = new StringWriter();
            seen.say("out", copies.copyOut("COPY (SELECT * FROM t ORDER BY a) TO STDOUT", out), out.toString().contentEquals(lines));
            seen.fails("twice", () -> {
                try {
                    copies.copyIn("COPY t FROM STDIN", new StringReader(lines.toString()));
                } catch (IOException e) {
                    throw new SQLException(e);
                }
            });
            var cancelled = copies.copyIn("COPY t FROM STDIN");
            cancelled.writeToCopy("30000\tnever\n".getBytes(java.nio.charset.StandardCharsets.UTF_8), 0, 12);
            cancelled.cancelCopy();
            query(connection, seen, "SELECT count(*), max(a) FROM t");
        });
    }

    private static boolean isRunning(Connection connection, String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT FROM pg_stat_activity WHERE state = 'active' AND query = ?")) {
            statement.setString(1, sql);
            return statement.executeQuery().next();
        }
    }

    @Test
    void notifications_and_cancelling() throws Exception {
        lab.seesTheSame(Pool.FOUR, endpoint -> {
            var seen = new Observations();
            try (Connection listener = connect(endpoint);
                    Connection other = connect(endpoint)) {
                String channel = "jdbc_" + endpoint.schema();
                run(listener, "LISTEN " + channel);
                for (int n = 0; n < 5; n++) {
                    run(other, "NOTIFY " + channel + ", 'number " + n + "'");
                }
                var heard = new ArrayList<String>();
                while (heard.size() < 5) {
                    PGNotification[] some = listener.unwrap(PGConnection.class).getNotifications(10_000);
                    Arrays.stream(some).map(PGNotification::getParameter).forEach(heard::add);
                }
                seen.say("heard", heard);
                run(listener, "UNLISTEN *");
                try (Statement sleeping = other.createStatement()) {
                    // The driver sends one request, which does nothing when it comes before the query.
                    String sql = "SELECT pg_sleep(60) /* " + endpoint.schema() + " */";
                    var ended = CompletableFuture.runAsync(() -> seen.fails("cancelled", () -> sleeping.execute(sql)));
                    ClientsLab.until(() -> isRunning(listener, sql));
                    sleeping.cancel();
                    ended.get();
                }
                query(other, seen, "SELECT 1 AS alive");
                run(other, "SET statement_timeout = '1ms'");
                seen.fails("times out", () -> run(other, "SELECT pg_sleep(60)"));
                run(other, "RESET statement_timeout");
                run(listener, "SELECT pg_advisory_lock(hashtext('" + channel + "'))");
                query(other, seen, "SELECT pg_try_advisory_lock(hashtext('" + channel + "'))");
                run(listener, "SELECT pg_advisory_unlock(hashtext('" + channel + "'))");
            }
            return seen.lines();
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"prepareThreshold=5", "prepareThreshold=1", "preferQueryMode=simple"})
    void stream_tables(String option) throws Exception {
        lab.seesTheSame(Pool.TWO, endpoint -> {
            var seen = new Observations();
            try (Connection connection = connect(endpoint, option)) {
                run(connection, "CREATE TABLE sale (id int PRIMARY KEY, product text, amount int)",
                        "INSERT INTO sale SELECT n, 'p' || n % 3, n FROM generate_series(1, 30) n",
                        "CREATE MATERIALIZED VIEW per_product " + endpoint.stream()
                                + " AS SELECT product, sum(amount) AS total, count(*) AS n FROM sale GROUP BY product");
                try (PreparedStatement update = connection.prepareStatement("UPDATE sale SET amount = amount + ? WHERE id % 7 = ?");
                        PreparedStatement refresh = connection.prepareStatement("REFRESH MATERIALIZED VIEW per_product");
                        PreparedStatement select = connection.prepareStatement("SELECT * FROM per_product WHERE n > ? ORDER BY product")) {
                    select.setInt(1, 0);
                    for (int n = 0; n < 8; n++) {
                        connection.setAutoCommit(n % 2 == 0);
                        update.setInt(1, n);
                        update.setInt(2, n % 7);
                        seen.say("updated", update.executeUpdate());
                        seen.say("refreshed", refresh.executeUpdate());
                        seen.rows("rows", select.executeQuery());
                        connection.setAutoCommit(true);
                    }
                }
                connection.setAutoCommit(false);
                run(connection, "DROP MATERIALIZED VIEW per_product");
                connection.rollback();
                query(connection, seen, "SELECT count(*) FROM per_product");
                connection.commit();
                connection.setAutoCommit(true);
                run(connection, "DROP MATERIALIZED VIEW per_product");
                seen.fails("gone", () -> query(connection, seen, "SELECT count(*) FROM per_product"));
            }
            return seen.lines();
        });
    }
}
