// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.driver;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGStatement;

/**
 * A pgjdbc connection whose statements are looked at before they run. It also implements PGConnection, so casts that
 * work with pgjdbc work here. As thread-safe as pgjdbc's connection.
 */
final class TrickleConnection implements InvocationHandler {

    private final Connection pgjdbc;
    private final StatementRunner runner;
    private final EngineLease lease;

    private TrickleConnection(Connection pgjdbc, EngineLease lease) {
        this.pgjdbc = pgjdbc;
        this.lease = lease;
        this.runner = new StatementRunner(pgjdbc, lease);
    }

    static Connection over(Connection pgjdbc, EngineLease lease) {
        return (Connection) Proxy.newProxyInstance(
                TrickleConnection.class.getClassLoader(),
                new Class<?>[] {Connection.class, PGConnection.class},
                new TrickleConnection(pgjdbc, lease));
    }

    @Override
    public @Nullable Object invoke(Object self, Method method, Object @Nullable [] arguments) throws Throwable {
        return switch (method.getName()) {
            case "close", "abort" -> {
                lease.close();
                yield call(pgjdbc, method, arguments);
            }
            case "createStatement" -> {
                Statement statement = (Statement) Results.required(call(pgjdbc, method, arguments));
                yield TrickleStatement.over(statement, (Connection) self, runner, null, Statement.class, PGStatement.class);
            }
            case "prepareStatement" -> {
                PreparedStatement statement = (PreparedStatement) Results.required(call(pgjdbc, method, arguments));
                yield TrickleStatement.over(
                        statement, (Connection) self, runner, text(arguments), PreparedStatement.class, PGStatement.class);
            }
            case "prepareCall" -> {
                CallableStatement statement = (CallableStatement) Results.required(call(pgjdbc, method, arguments));
                yield TrickleStatement.over(
                        statement, (Connection) self, runner, text(arguments), CallableStatement.class, PGStatement.class);
            }
            case "equals" -> arguments != null && self == arguments[0];
            case "hashCode" -> System.identityHashCode(self);
            case "toString" -> "pgtrickle over " + pgjdbc;
            default -> call(pgjdbc, method, arguments);
        };
    }

    private static String text(Object @Nullable [] arguments) throws SQLException {
        if (arguments == null || !(arguments[0] instanceof String sql)) {
            throw new SQLException("a statement needs a text", "22023");
        }
        return sql;
    }

    /** A reflective call that throws what the method threw. */
    static @Nullable Object call(Object target, Method method, Object @Nullable [] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
