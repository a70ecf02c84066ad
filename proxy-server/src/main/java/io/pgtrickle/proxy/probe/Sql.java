// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.probe;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** JDBC in one line. */
public final class Sql {

    /** Reads one row; the cursor stands on it. */
    public interface RowReader<T> {
        T read(ResultSet row) throws SQLException;
    }

    /** Work that may fail with an SQLException. */
    public interface Work {
        void run() throws SQLException;
    }

    private static final double NANOS_PER_MILLI = 1e6;

    private Sql() {}

    public static void run(Connection connection, String... statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** The number of rows changed. */
    public static int update(Connection connection, String sql, Object... parameters) throws SQLException {
        try (PreparedStatement statement = prepared(connection, sql, parameters)) {
            return statement.executeUpdate();
        }
    }

    public static <T> List<T> rows(Connection connection, String query, RowReader<T> reader, Object... parameters)
            throws SQLException {
        try (PreparedStatement statement = prepared(connection, query, parameters);
                ResultSet result = statement.executeQuery()) {
            List<T> rows = new ArrayList<>();
            while (result.next()) {
                rows.add(reader.read(result));
            }
            return rows;
        }
    }

    /** The first column of a query that returns exactly one row. */
    public static long number(Connection connection, String query, Object... parameters) throws SQLException {
        return rows(connection, query, row -> row.getLong(1), parameters).getFirst();
    }

    /** The first column of a query that returns exactly one row. */
    public static String text(Connection connection, String query, Object... parameters) throws SQLException {
        return rows(connection, query, row -> row.getString(1), parameters).getFirst();
    }

    /** How long the work took as its client sees it, in milliseconds. */
    public static double millis(Work work) throws SQLException {
        long begin = System.nanoTime();
        work.run();
        return (System.nanoTime() - begin) / NANOS_PER_MILLI;
    }

    private static PreparedStatement prepared(Connection connection, String sql, Object... parameters) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        for (int i = 0; i < parameters.length; i++) {
            statement.setObject(i + 1, parameters[i]);
        }
        return statement;
    }
}
