// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.driver;

import io.pgtrickle.sql.statement.SqlStatement.StreamTableCommand;
import io.pgtrickle.sql.statement.StatementClassifier;
import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.PgClient;
import io.pgtrickle.suite.Reply;
import io.pgtrickle.suite.TestPostgres;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/** The JDBC driver, in front of the server itself: no proxy, the engine in this process. */
public final class DriverDoor implements Door {

    private static final TestPostgres SERVER = TestPostgres.shared();

    @Override
    public String name() {
        return "driver";
    }

    @Override
    public Client connect(String database, String role) {
        Properties properties = new Properties();
        properties.setProperty("user", role);
        properties.setProperty("password", SERVER.password());
        properties.setProperty("engineUser", SERVER.user());
        properties.setProperty("enginePassword", SERVER.password());
        String url = "jdbc:pgtrickle://" + SERVER.host() + ":" + SERVER.port() + "/" + database;
        try {
            return new Session(DriverManager.getConnection(url, properties));
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public boolean showsEveryTag() {
        return false;
    }

    @Override
    public String toString() {
        return name();
    }

    /** What is not ours goes to pgjdbc below the driver, because only there command tags are visible. */
    private static final class Session extends PgClient {

        private final Connection driver;

        Session(Connection driver) {
            super(driver);
            this.driver = driver;
        }

        @Override
        public List<Reply> run(String sql) {
            if (!concerns(sql)) {
                return super.run(sql);
            }
            try (Statement statement = driver.createStatement()) {
                boolean rows = statement.execute(sql);
                return replies(statement, rows);
            } catch (SQLException e) {
                throw error(e);
            }
        }

        @Override
        public Reply prepared(String sql, @Nullable Object... parameters) {
            if (!concerns(sql)) {
                return super.prepared(sql, parameters);
            }
            try (PreparedStatement statement = driver.prepareStatement(sql)) {
                for (int i = 0; i < parameters.length; i++) {
                    statement.setObject(i + 1, parameters[i]);
                }
                boolean rows = statement.execute();
                return replies(statement, rows).getLast();
            } catch (SQLException e) {
                throw error(e);
            }
        }

        private boolean concerns(String sql) {
            try {
                String standard = driver.unwrap(PGConnection.class).getParameterStatus("standard_conforming_strings");
                return new StatementClassifier().classify(sql, !"off".equals(standard)).stream()
                        .anyMatch(StreamTableCommand.class::isInstance);
            } catch (SQLException e) {
                throw error(e);
            }
        }

        private List<Reply> replies(Statement statement, boolean first) throws SQLException {
            collect(statement.getWarnings());
            List<Reply> replies = new ArrayList<>();
            boolean rows = first;
            while (rows || statement.getLargeUpdateCount() >= 0) {
                String tag = statement.unwrap(CommandTag.class).commandTag();
                if (rows) {
                    try (ResultSet result = statement.getResultSet()) {
                        replies.add(reply(tag, result));
                    }
                } else {
                    replies.add(new Reply(tag, List.of(), List.of()));
                }
                rows = statement.getMoreResults();
            }
            return replies;
        }
    }
}
