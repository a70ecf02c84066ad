// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.conversation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.StringReader;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/** pgjdbc through the proxy, in each way it can speak the protocol. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DriverIT {

    private static final String SIMPLE = "preferQueryMode=simple";
    private static final String EXTENDED = "preferQueryMode=extended";
    private static final String PREPARED_ONLY = "preferQueryMode=extendedForPrepared";
    private static final String CACHED = "preferQueryMode=extendedCacheEverything";
    /** Named statements and binary transfer from the first execution on. */
    private static final String BINARY = "prepareThreshold=-1";

    private Proxy proxy;

    @BeforeAll
    void start() {
        proxy = new Proxy();
    }

    @AfterAll
    void stop() {
        proxy.close();
    }

    private Connection connect(String option) throws SQLException {
        String[] parts = option.split("=", 2);
        return proxy.jdbc(Map.of(parts[0], parts[1]));
    }

    private static String value(Statement statement, String sql) throws SQLException {
        try (ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {SIMPLE, EXTENDED, PREPARED_ONLY, CACHED, BINARY})
    void our_statements(String mode) throws SQLException {
        try (Connection connection = connect(mode);
                Statement statement = connection.createStatement()) {
            for (int round = 0; round < 7; round++) { // past the threshold of server-prepared statements
                connection.setAutoCommit(false);
                statement.execute("CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true) AS SELECT generate_series(1, 4) AS a");
                SQLWarning warning = statement.getWarnings();
                assertThat(warning.getMessage()).isEqualTo("creating v");
                assertThat(value(statement, "SELECT count(*) FROM v")).isEqualTo("4");
                connection.rollback();
                connection.setAutoCommit(true);
                assertThat(value(statement, "SELECT to_regclass('v')")).isNull();
            }
            assertThatThrownBy(() -> statement.execute("CREATE MATERIALIZED VIEW refused WITH (pgtrickle.stream) AS SELECT 1"))
                    .isInstanceOfSatisfying(SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("0A000"));
            assertThat(value(statement, "SELECT 1")).isEqualTo("1");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {SIMPLE, EXTENDED, PREPARED_ONLY, CACHED, BINARY})
    void our_function_with_parameters_again_and_again(String mode) throws SQLException {
        try (Connection connection = connect(mode);
                Statement statement = connection.createStatement();
                PreparedStatement call = connection.prepareStatement("SELECT pgtrickle.create_stream_table(?, ?, ?)")) {
            for (int round = 1; round <= 7; round++) {
                call.setString(1, "w");
                call.setString(2, "SELECT 1 AS a");
                call.setInt(3, round);
                try (ResultSet rows = call.executeQuery()) {
                    assertThat(rows.next()).isTrue();
                    assertThat(rows.getMetaData().getColumnName(1)).isEqualTo("create_stream_table");
                }
                assertThat(value(statement, "SELECT count(*) FROM w")).isEqualTo(String.valueOf(round + 1));
                statement.execute("DROP MATERIALIZED VIEW w");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {SIMPLE, EXTENDED, PREPARED_ONLY, CACHED, BINARY})
    void ordinary_work(String mode) throws Exception {
        try (Connection connection = connect(mode);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TEMP TABLE t (a int, b text)");
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO t VALUES (?, ?)")) {
                for (int i = 0; i < 5_000; i++) {
                    insert.setInt(1, i);
                    insert.setString(2, "row " + i);
                    insert.addBatch();
                }
                assertThat(insert.executeBatch()).hasSize(5_000).containsOnly(1);
            }
            connection.setAutoCommit(false);
            statement.setFetchSize(100);
            int rows = 0;
            try (ResultSet result = statement.executeQuery("SELECT * FROM t")) {
                while (result.next()) {
                    rows++;
                }
            }
            assertThat(rows).isEqualTo(5_000);
            connection.commit();
            connection.setAutoCommit(true);
            CopyManager copy = connection.unwrap(PGConnection.class).getCopyAPI();
            assertThat(copy.copyIn("COPY t FROM STDIN", new StringReader("-1\tx\n".repeat(10_000)))).isEqualTo(10_000);
            assertThatThrownBy(() -> copy.copyIn("COPY t FROM STDIN", new StringReader("1\tx\n".repeat(10_000) + "x\tx\n")))
                    .isInstanceOf(SQLException.class);
            assertThat(copy.copyOut("COPY (SELECT * FROM t WHERE a < 0) TO STDOUT", new StringWriter())).isEqualTo(10_000);
            assertThat(connection.getMetaData().getTables(null, null, "t", null).next()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {SIMPLE, EXTENDED})
    void cancelling(String mode) throws Exception {
        try (Connection connection = connect(mode);
                Statement statement = connection.createStatement()) {
            Thread canceller = Thread.ofVirtual().start(() -> {
                try (RawClient observer = proxy.direct()) {
                    while (!observer.query("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'").contains("D 1")) {
                        TimeUnit.MILLISECONDS.sleep(5);
                    }
                    statement.cancel();
                } catch (InterruptedException | SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            assertThatThrownBy(() -> statement.execute("SELECT pg_sleep(60)"))
                    .isInstanceOfSatisfying(SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("57014"));
            canceller.join();
            assertThat(value(statement, "SELECT 2")).isEqualTo("2");
        }
    }
}
