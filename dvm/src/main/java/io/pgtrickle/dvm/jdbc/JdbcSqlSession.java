// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.jdbc;

import io.pgtrickle.dvm.session.ServerError;
import io.pgtrickle.dvm.session.SessionClosedException;
import io.pgtrickle.dvm.session.SqlFailure;
import io.pgtrickle.dvm.session.SqlResult;
import io.pgtrickle.dvm.session.SqlSession;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Any pgjdbc connection as a session, in whatever transaction it is. Closes nothing, begins and commits nothing. */
public class JdbcSqlSession implements SqlSession {

    private final Connection connection;
    private final boolean engineRole;
    private final Consumer<SQLWarning> notices;

    public JdbcSqlSession(Connection connection, boolean engineRole) {
        this(connection, engineRole, notice -> {});
    }

    /** @param notices told each notice and warning of the server, once */
    public JdbcSqlSession(Connection connection, boolean engineRole, Consumer<SQLWarning> notices) {
        this.connection = connection;
        this.engineRole = engineRole;
        this.notices = notices;
    }

    @Override
    public SqlResult execute(String sql, List<@Nullable String> parameters) {
        return parameters.isEmpty() ? run(sql) : run(sql, parameters);
    }

    @Override
    public boolean isEngineRole() {
        return engineRole;
    }

    /** Several statements separated by semicolons travel in one round trip; the last one's result is returned. */
    SqlResult run(String sql) {
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            boolean rows = statement.execute(sql);
            tell(statement);
            SqlResult result = resultOf(statement, rows);
            while (true) {
                rows = statement.getMoreResults();
                if (!rows && statement.getUpdateCount() < 0) {
                    return result;
                }
                result = resultOf(statement, rows);
            }
        } catch (SQLException e) {
            throw failure(e);
        }
    }

    private SqlResult run(String sql, List<@Nullable String> parameters) {
        Placeholders placeholders = Placeholders.of(sql);
        try (PreparedStatement statement = connection.prepareStatement(placeholders.jdbcText())) {
            int position = 1;
            for (int number : placeholders.numbers()) {
                statement.setObject(position++, parameters.get(number - 1), Types.OTHER);
            }
            boolean rows = statement.execute();
            tell(statement);
            return resultOf(statement, rows);
        } catch (SQLException e) {
            throw failure(e);
        }
    }

    private void tell(Statement statement) throws SQLException {
        for (SQLWarning notice = statement.getWarnings(); notice != null; notice = notice.getNextWarning()) {
            notices.accept(notice);
        }
    }

    private static SqlResult resultOf(Statement statement, boolean rows) throws SQLException {
        if (!rows) {
            return new SqlResult(List.of(), List.of(), "UPDATE " + Math.max(0, statement.getUpdateCount()));
        }
        try (ResultSet resultSet = statement.getResultSet()) {
            ResultSetMetaData description = resultSet.getMetaData();
            List<String> columns = new ArrayList<>();
            for (int i = 1; i <= description.getColumnCount(); i++) {
                columns.add(description.getColumnLabel(i));
            }
            List<List<@Nullable String>> values = new ArrayList<>();
            while (resultSet.next()) {
                List<@Nullable String> row = new ArrayList<>(columns.size());
                for (int i = 1; i <= columns.size(); i++) {
                    row.add(resultSet.getString(i));
                }
                values.add(row);
            }
            return new SqlResult(columns, values, "SELECT " + values.size());
        }
    }

    static RuntimeException failure(SQLException e) {
        ServerErrorMessage error = e instanceof PSQLException psql ? psql.getServerErrorMessage() : null;
        if (error != null) {
            return new SqlFailure(new ServerError(
                    orElse(error.getSeverity(), "ERROR"),
                    orElse(error.getSQLState(), "XX000"),
                    orElse(error.getMessage(), ""),
                    Optional.ofNullable(error.getDetail()),
                    Optional.ofNullable(error.getHint()),
                    error.getPosition()));
        }
        String message = orElse(e.getMessage(), "connection lost");
        return new SessionClosedException(message, e);
    }

    private static String orElse(@Nullable String text, String otherwise) {
        return text == null ? otherwise : text;
    }
}
