// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.driver;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A pgjdbc statement that first asks whether its text is ours. If not, everything is pgjdbc's. If it is, the runner
 * carries it out and this object hands out the results. Used by one thread at a time, like pgjdbc's.
 */
final class TrickleStatement implements InvocationHandler {

    private final Statement pgjdbc;
    private final Connection connection;
    private final StatementRunner runner;

    /** The text of a prepared statement, null for a plain one. */
    private final @Nullable String prepared;

    private final List<@Nullable String> parameters = new ArrayList<>();

    /** Set while the last execution was ours. */
    private @Nullable Results results;

    private TrickleStatement(Statement pgjdbc, Connection connection, StatementRunner runner, @Nullable String prepared) {
        this.pgjdbc = pgjdbc;
        this.connection = connection;
        this.runner = runner;
        this.prepared = prepared;
    }

    static Object over(
            Statement pgjdbc,
            Connection connection,
            StatementRunner runner,
            @Nullable String prepared,
            Class<?>... interfaces) {
        return Proxy.newProxyInstance(
                TrickleStatement.class.getClassLoader(),
                interfaces,
                new TrickleStatement(pgjdbc, connection, runner, prepared));
    }

    @Override
    public @Nullable Object invoke(Object self, Method method, Object @Nullable [] arguments) throws Throwable {
        String name = method.getName();
        return switch (name) {
            case "execute", "executeQuery", "executeUpdate", "executeLargeUpdate" -> execute(method, arguments);
            case "addBatch" -> {
                if (prepared == null && arguments != null && runner.concerns(String.valueOf(arguments[0]))) {
                    throw new SQLFeatureNotSupportedException(
                            "statements about stream tables cannot be part of a JDBC batch; use execute", "0A000");
                }
                yield pass(method, arguments);
            }
            case "getResultSet" -> results == null ? pass(method, arguments) : results.rows();
            case "getUpdateCount" -> results == null ? pass(method, arguments) : (Object) (int) results.count();
            case "getLargeUpdateCount" -> results == null ? pass(method, arguments) : (Object) results.count();
            case "getMoreResults" -> results == null ? pass(method, arguments) : (Object) results.advance();
            case "getWarnings" -> results == null ? pass(method, arguments) : results.warnings();
            case "clearParameters" -> {
                parameters.clear();
                yield pass(method, arguments);
            }
            case "getConnection" -> connection;
            case "unwrap" -> asksForTag(arguments) ? (CommandTag) () -> results == null ? "" : results.tag() : pass(method, arguments);
            case "isWrapperFor" -> asksForTag(arguments) ? (Object) true : pass(method, arguments);
            case "equals" -> arguments != null && self == arguments[0];
            case "hashCode" -> System.identityHashCode(self);
            default -> {
                remember(name, arguments);
                yield pass(method, arguments);
            }
        };
    }

    private static boolean asksForTag(Object @Nullable [] arguments) {
        return arguments != null && arguments[0] == CommandTag.class;
    }

    private @Nullable Object execute(Method method, Object @Nullable [] arguments) throws Throwable {
        results = null;
        boolean takesText = arguments != null && arguments.length > 0 && arguments[0] instanceof String;
        String sql = takesText && arguments != null ? (String) arguments[0] : prepared;
        if (sql == null) {
            return pass(method, arguments);
        }
        Optional<Results> ours = runner.run(sql, prepared == null ? List.of() : parameters);
        if (ours.isEmpty()) {
            return pass(method, arguments);
        }
        results = ours.get();
        return switch (method.getName()) {
            case "execute" -> results.hasRows();
            case "executeQuery" -> {
                if (results.rows() == null) {
                    throw new SQLException("No results were returned by the query.", "02000");
                }
                yield results.rows();
            }
            case "executeLargeUpdate" -> count(results);
            default -> Math.toIntExact(count(results));
        };
    }

    private static long count(Results results) throws SQLException {
        if (results.hasRows()) {
            throw new SQLException("A result was returned when none was expected.", "0100E");
        }
        return Math.max(0, results.count());
    }

    /** Our statements take text parameters; PostgreSQL converts them as it would an unknown literal. */
    private void remember(String name, Object @Nullable [] arguments) {
        if (prepared == null
                || !name.startsWith("set")
                || arguments == null
                || arguments.length < 2
                || !(arguments[0] instanceof Integer index)
                || index < 1) {
            return;
        }
        while (parameters.size() < index) {
            parameters.add(null);
        }
        Object value = name.equals("setNull") ? null : arguments[1];
        parameters.set(index - 1, value == null ? null : value.toString());
    }

    private @Nullable Object pass(Method method, Object @Nullable [] arguments) throws Throwable {
        return TrickleConnection.call(pgjdbc, method, arguments);
    }
}
