// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.driver;

import io.pgtrickle.driver.Results.Result;
import io.pgtrickle.dvm.engine.CommandOutcome;
import io.pgtrickle.dvm.jdbc.JdbcSqlSession;
import io.pgtrickle.dvm.session.ServerError;
import io.pgtrickle.dvm.session.SessionClosedException;
import io.pgtrickle.dvm.session.SqlFailure;
import io.pgtrickle.sql.render.Quoting;
import io.pgtrickle.sql.statement.SqlStatement;
import io.pgtrickle.sql.statement.SqlStatement.StreamTableCommand;
import io.pgtrickle.sql.statement.StatementClassifier;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.NativeQuery;
import org.postgresql.core.Parser;
import org.postgresql.core.TransactionState;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * Runs statement strings that contain something of ours: all of it in one transaction, as the server does with a string
 * of several statements, each of our statements by the engine, the others by pgjdbc.
 */
final class StatementRunner {

    private final Connection connection;
    private final EngineLease lease;
    private final StatementClassifier classifier = new StatementClassifier();

    StatementRunner(Connection connection, EngineLease lease) {
        this.connection = connection;
        this.lease = lease;
    }

    /** Whether a string holds a statement the engine may have to look at. */
    boolean concerns(String sql) throws SQLException {
        return StatementClassifier.mayConcern(sql) && !commands(sql).isEmpty();
    }

    /**
     * @param parameters text values of the placeholders
     * @return empty when nothing in the string is ours: then pgjdbc runs it
     */
    Optional<Results> run(String sql, List<@Nullable String> parameters) throws SQLException {
        if (!concerns(sql)) {
            return Optional.empty();
        }
        String text = serverText(sql, !parameters.isEmpty());
        List<SqlStatement> statements = classifier.classify(text, standardStrings());
        // Who says BEGIN in SQL is in a transaction whatever autocommit says.
        boolean own = connection.getAutoCommit()
                && connection.unwrap(BaseConnection.class).getTransactionState() == TransactionState.IDLE;
        if (own) {
            connection.setAutoCommit(false);
        }
        boolean done = false;
        try {
            List<Result> results = new ArrayList<>();
            Warnings warnings = new Warnings();
            for (SqlStatement statement : statements) {
                results.addAll(runOne(statement, text, parameters, warnings));
            }
            if (own) {
                connection.commit();
            }
            done = true;
            return Optional.of(new Results(results, warnings.first()));
        } catch (SqlFailure e) {
            throw serverException(e.error());
        } catch (SessionClosedException e) {
            throw new SQLException(e.getMessage(), "08006", e);
        } finally {
            if (own && !connection.isClosed()) {
                if (!done) {
                    connection.rollback();
                }
                connection.setAutoCommit(true);
            }
        }
    }

    private List<Result> runOne(
            SqlStatement statement, String text, List<@Nullable String> parameters, Warnings warnings) throws SQLException {
        return switch (statement) {
            case SqlStatement.Passthrough other -> runByPgjdbc(other.span().of(text), "", warnings);
            case StreamTableCommand command -> {
                CommandOutcome outcome = lease.engine()
                        .execute(command, parameters, new JdbcSqlSession(connection, false, warnings::add));
                yield switch (outcome) {
                    case CommandOutcome.NotOurs _ -> runByPgjdbc(command.span().of(text), ordinaryTag(command), warnings);
                    case CommandOutcome.Completed(String tag, Optional<CommandOutcome.Rows> rows) ->
                        List.of(rows.isPresent() ? resultSet(rows.get(), tag) : new Result.Count(countOf(tag), tag));
                };
            }
        };
    }

    private List<Result> runByPgjdbc(String sql, String tag, Warnings warnings) throws SQLException {
        // The result sets outlive this method; they close their statement when they are closed.
        Statement statement = connection.createStatement();
        statement.closeOnCompletion();
        boolean rows = statement.execute(sql);
        warnings.add(statement.getWarnings());
        List<Result> results = new ArrayList<>();
        while (rows || statement.getLargeUpdateCount() >= 0) {
            results.add(rows
                    ? new Result.Rows(statement.getResultSet(), tag)
                    : new Result.Count(statement.getLargeUpdateCount(), tag));
            rows = statement.getMoreResults(Statement.KEEP_CURRENT_RESULT);
        }
        return results;
    }

    /** The engine's rows as a result set of pgjdbc's own making. */
    private Result resultSet(CommandOutcome.Rows rows, String tag) throws SQLException {
        int width = rows.columns().size();
        String row = "(" + String.join(", ", java.util.Collections.nCopies(width, "?::text")) + ")";
        String names = rows.columns().stream()
                .map(column -> Quoting.identifier(column.name()))
                .collect(Collectors.joining(", "));
        String values = String.join(", ", java.util.Collections.nCopies(rows.values().size(), row));
        PreparedStatement statement =
                connection.prepareStatement("SELECT * FROM (VALUES " + values + ") AS result (" + names + ")");
        statement.closeOnCompletion();
        int index = 1;
        for (List<@Nullable String> value : rows.values()) {
            for (String field : value) {
                statement.setString(index++, field);
            }
        }
        return new Result.Rows(statement.executeQuery(), tag);
    }

    private List<StreamTableCommand> commands(String sql) throws SQLException {
        return classifier.classify(sql, standardStrings()).stream()
                .filter(StreamTableCommand.class::isInstance)
                .map(StreamTableCommand.class::cast)
                .toList();
    }

    /** JDBC's question marks and escapes turned into the server's $n. */
    private String serverText(String sql, boolean withParameters) throws SQLException {
        List<NativeQuery> queries = Parser.parseJdbcSql(
                Parser.replaceProcessing(sql, true, standardStrings()), standardStrings(), withParameters, false, false, true);
        return queries.isEmpty() ? sql : queries.getFirst().nativeSql;
    }

    private boolean standardStrings() throws SQLException {
        return !"off".equals(connection.unwrap(PGConnection.class).getParameterStatus("standard_conforming_strings"));
    }

    /** What PostgreSQL answers when it turns out to be about ordinary views. */
    private static String ordinaryTag(StreamTableCommand command) {
        return switch (command) {
            case SqlStatement.DropMaterializedViews _ -> "DROP MATERIALIZED VIEW";
            case SqlStatement.RefreshMaterializedView _ -> "REFRESH MATERIALIZED VIEW";
            case SqlStatement.CreateStreamTable _, SqlStatement.CreateOrdinaryView _, SqlStatement.FunctionCall _ -> "";
        };
    }

    /** {@code SELECT 5} counts five rows, {@code DROP MATERIALIZED VIEW} none. */
    private static long countOf(String tag) {
        String last = tag.substring(tag.lastIndexOf(' ') + 1);
        return last.chars().allMatch(Character::isDigit) ? Long.parseLong(last) : 0;
    }

    private static PSQLException serverException(ServerError error) {
        StringBuilder fields = new StringBuilder();
        field(fields, 'S', error.severity());
        field(fields, 'V', error.severity());
        field(fields, 'C', error.sqlState());
        field(fields, 'M', error.message());
        error.detail().ifPresent(detail -> field(fields, 'D', detail));
        error.hint().ifPresent(hint -> field(fields, 'H', hint));
        if (error.position() > 0) {
            field(fields, 'P', Integer.toString(error.position()));
        }
        return new PSQLException(new ServerErrorMessage(fields.toString()));
    }

    private static void field(StringBuilder fields, char type, String value) {
        fields.append(type).append(value).append('\0');
    }
}
