// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.suite.TestPostgres;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.jdbc.PgConnection;

/** What the driver is in JDBC's eyes; what it does with SQL is the suite's business. */
class DriverIT {

    private static final TestPostgres SERVER = TestPostgres.shared();

    private static Connection connect() throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", SERVER.user());
        properties.setProperty("password", SERVER.password());
        return DriverManager.getConnection(
                "jdbc:pgtrickle://" + SERVER.host() + ":" + SERVER.port() + "/" + SERVER.createDatabase(), properties);
    }

    @Test
    void theDriverIsFoundByItsUrlAndLeavesOthersAlone() throws SQLException {
        assertThat(Driver.isRegistered()).isTrue();
        assertThat(new Driver().connect("jdbc:postgresql://localhost/x", new Properties())).isNull();
        assertThat(new Driver().getPropertyInfo("jdbc:pgtrickle://localhost/x", new Properties()))
                .extracting(property -> property.name)
                .contains("engineUser", "enginePassword", "scheduler", "sslmode");
    }

    @Test
    void connectionsUnwrapToPgjdbcAndCastAsItsOwn() throws SQLException {
        try (Connection connection = connect(); Statement statement = connection.createStatement()) {
            assertThat(connection.unwrap(PgConnection.class)).isInstanceOf(PgConnection.class);
            assertThat(((PGConnection) connection).getBackendPID()).isPositive();
            assertThat(statement.getConnection()).isSameAs(connection);
            assertThat(connection.getMetaData().getDatabaseProductName()).isEqualTo("PostgreSQL");
        }
    }

    @Test
    void createIsAnUpdateWithACountAndACallIsAQueryWithOneRow() throws SQLException {
        try (Connection connection = connect(); Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
            assertThat(statement.executeUpdate("CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true) AS SELECT id FROM t"))
                    .isEqualTo(2);
            statement.execute("INSERT INTO t VALUES (3)");
            try (PreparedStatement refresh = connection.prepareStatement("SELECT pgtrickle.refresh_stream_table(?)")) {
                refresh.setString(1, "v");
                try (ResultSet row = refresh.executeQuery()) {
                    assertThat(row.next()).isTrue();
                    assertThat(row.getMetaData().getColumnLabel(1)).isEqualTo("refresh_stream_table");
                    assertThat(row.next()).isFalse();
                }
            }
            try (ResultSet count = statement.executeQuery("SELECT count(*) FROM v")) {
                count.next();
                assertThat(count.getInt(1)).isEqualTo(3);
            }
        }
    }

    @Test
    void rollbackTakesAStreamTableBack() throws SQLException {
        try (Connection connection = connect(); Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE t (id int PRIMARY KEY)");
            connection.setAutoCommit(false);
            statement.execute("CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true) AS SELECT id FROM t");
            connection.rollback();
            assertThatThrownBy(() -> statement.executeQuery("SELECT * FROM v"))
                    .isInstanceOf(SQLException.class)
                    .extracting(e -> ((SQLException) e).getSQLState())
                    .isEqualTo("42P01");
        }
    }

    @Test
    void aBatchWithAStreamTableStatementIsRefusedClearly() throws SQLException {
        try (Connection connection = connect(); Statement statement = connection.createStatement()) {
            assertThatThrownBy(() -> statement.addBatch("REFRESH MATERIALIZED VIEW v"))
                    .isInstanceOf(SQLFeatureNotSupportedException.class)
                    .hasMessageContaining("use execute");
        }
    }
}
