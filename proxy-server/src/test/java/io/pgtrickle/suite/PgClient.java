// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.Field;
import org.postgresql.core.Query;
import org.postgresql.core.QueryExecutor;
import org.postgresql.core.ResultCursor;
import org.postgresql.core.ResultHandlerBase;
import org.postgresql.core.Tuple;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLWarning;
import org.postgresql.util.ServerErrorMessage;

/**
 * A session over pgjdbc. It goes below java.sql to pgjdbc's QueryExecutor, because command tags and the notices of failed
 * statements are not visible above it.
 */
public class PgClient implements Client {

    private static final int FLAGS =
            QueryExecutor.QUERY_ONESHOT | QueryExecutor.QUERY_SUPPRESS_BEGIN | QueryExecutor.QUERY_BOTH_ROWS_AND_STATUS;

    private final BaseConnection connection;
    private final List<Notice> notices = new ArrayList<>();

    public PgClient(Connection connection) {
        try {
            this.connection = connection.unwrap(BaseConnection.class);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public List<Reply> run(String sql) {
        Collector collector = new Collector();
        try {
            QueryExecutor executor = connection.getQueryExecutor();
            Query query = executor.createQuery(sql, false, false).query;
            executor.execute(query, null, collector, 0, 0, FLAGS);
        } catch (SQLException e) {
            throw error(e);
        }
        return collector.replies;
    }

    @Override
    public Reply prepared(String sql, @Nullable Object... parameters) {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            boolean hasRows = statement.execute();
            collect(statement.getWarnings());
            if (!hasRows) {
                return new Reply("", List.of(), List.of());
            }
            try (ResultSet rows = statement.getResultSet()) {
                return reply("", rows);
            }
        } catch (SQLException e) {
            throw error(e);
        }
    }

    protected static Reply reply(String tag, ResultSet rows) throws SQLException {
        List<String> columns = new ArrayList<>();
        for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
            columns.add(rows.getMetaData().getColumnLabel(i));
        }
        List<List<@Nullable String>> values = new ArrayList<>();
        while (rows.next()) {
            List<@Nullable String> row = new ArrayList<>();
            for (int i = 1; i <= columns.size(); i++) {
                row.add(rows.getString(i));
            }
            values.add(row);
        }
        return new Reply(tag, columns, values);
    }

    @Override
    public long copyIn(String sql, String data) {
        try {
            return connection.getCopyAPI().copyIn(sql, new StringReader(data));
        } catch (SQLException e) {
            throw error(e);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public List<Notice> notices() {
        List<Notice> taken = List.copyOf(notices);
        notices.clear();
        return taken;
    }

    /** The connection below, for what only JDBC can do. */
    protected Connection jdbc() {
        return connection;
    }

    protected QueryExecutor executor() {
        return connection.getQueryExecutor();
    }

    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            throw error(e);
        }
    }

    protected void collect(@Nullable SQLWarning first) {
        for (SQLWarning warning = first; warning != null; warning = warning.getNextWarning()) {
            collectOne(warning);
        }
    }

    protected void collectOne(SQLWarning notice) {
        if (notice instanceof PSQLWarning warning && warning.getServerErrorMessage() != null) {
            ServerErrorMessage m = warning.getServerErrorMessage();
            notices.add(new Notice(
                    text(m.getSeverity()), text(m.getSQLState()), text(m.getMessage()),
                    Optional.ofNullable(m.getDetail()), Optional.ofNullable(m.getHint())));
        }
    }

    private static String text(@Nullable String value) {
        return value == null ? "" : value;
    }

    protected static SqlError error(SQLException e) {
        ServerErrorMessage m = e instanceof PSQLException p ? p.getServerErrorMessage() : null;
        if (m == null) {
            return new SqlError(text(e.getSQLState()), text(e.getMessage()), Optional.empty(), Optional.empty(), 0, e);
        }
        return new SqlError(
                text(m.getSQLState()), text(m.getMessage()),
                Optional.ofNullable(m.getDetail()), Optional.ofNullable(m.getHint()), m.getPosition(), e);
    }

    /** Gathers rows, then the command tag that ends them. */
    private final class Collector extends ResultHandlerBase {
        private final List<Reply> replies = new ArrayList<>();
        private List<String> columns = List.of();
        private List<List<@Nullable String>> rows = List.of();

        @Override
        public void handleResultRows(Query from, Field[] fields, List<Tuple> tuples, @Nullable ResultCursor cursor) {
            columns = new ArrayList<>();
            for (Field field : fields) {
                columns.add(field.getColumnLabel());
            }
            rows = new ArrayList<>();
            for (Tuple tuple : tuples) {
                List<@Nullable String> row = new ArrayList<>();
                for (int i = 0; i < tuple.fieldCount(); i++) {
                    byte[] bytes = tuple.get(i);
                    row.add(bytes == null ? null : new String(bytes, StandardCharsets.UTF_8));
                }
                rows.add(row);
            }
        }

        @Override
        public void handleCommandStatus(String status, long updateCount, long insertOid) {
            replies.add(new Reply(status, columns, rows));
            columns = List.of();
            rows = List.of();
        }

        @Override
        public void handleWarning(SQLWarning warning) {
            collectOne(warning);
        }
    }
}
