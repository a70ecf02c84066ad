// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.HorizontalAlign;
import io.pgtrickle.sql.statement.SqlStatement;
import io.pgtrickle.sql.statement.StatementClassifier;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.Field;
import org.postgresql.core.Oid;
import org.postgresql.core.Query;
import org.postgresql.core.QueryExecutor;
import org.postgresql.core.ResultCursor;
import org.postgresql.core.ResultHandlerBase;
import org.postgresql.core.Tuple;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLWarning;
import org.postgresql.util.ServerErrorMessage;

/**
 * Sends one statement as a simple query and prints what comes back, in the order in which it comes. Uses pgjdbc's
 * protocol layer because JDBC itself knows neither command tags nor when a notice arrived.
 */
final class StatementRunner {

    private static final int FLAGS = QueryExecutor.QUERY_EXECUTE_AS_SIMPLE
            | QueryExecutor.QUERY_ONESHOT
            | QueryExecutor.QUERY_SUPPRESS_BEGIN
            | QueryExecutor.QUERY_BOTH_ROWS_AND_STATUS;

    private static final Set<Integer> RIGHT_ALIGNED =
            Set.of(Oid.INT2, Oid.INT4, Oid.INT8, Oid.NUMERIC, Oid.FLOAT4, Oid.FLOAT8, Oid.MONEY, Oid.OID);

    private static final Set<String> TAGS_SHOWN_AFTER_ROWS = Set.of("INSERT", "UPDATE", "DELETE", "MERGE");

    private static final String BACKSLASH = "Commands that begin with a backslash are psql's; this runs SQL. \\q or an end of input leaves.";

    private final BaseConnection connection;
    private final InlineCopy copy;
    private final PrintWriter out;
    private final PrintWriter err;

    /** @param data where COPY FROM STDIN finds its data */
    StatementRunner(BaseConnection connection, ScriptReader data, PrintWriter out, PrintWriter err) {
        this.connection = connection;
        this.copy = new InlineCopy(connection, data, out);
        this.out = out;
        this.err = err;
    }

    /** Runs scripts statement by statement; whether all of them succeeded. After a failure only if told to go on. */
    boolean runAll(Iterable<String> scripts, boolean keepGoing) throws SQLException {
        boolean succeeded = true;
        for (String script : scripts) {
            for (String statement : statements(script)) {
                succeeded &= run(statement);
                if (!succeeded && (!keepGoing || connection.isClosed())) {
                    return false;
                }
            }
        }
        return succeeded;
    }

    private static List<String> statements(String script) {
        return isPsqls(script)
                ? List.of(script.strip())
                : new StatementClassifier().classify(script, true).stream().map(SqlStatement::span).map(span -> span.of(script)).toList();
    }

    private static boolean isPsqls(String statement) {
        return statement.stripLeading().startsWith("\\");
    }

    /** Whether it succeeded; if not, the error has been printed. */
    private boolean run(String statement) {
        if (isPsqls(statement)) {
            err.println("ERROR:  invalid command " + statement);
            printField("HINT", BACKSLASH);
            err.flush();
            return false;
        }
        try {
            Optional<InlineCopy.Direction> direction = InlineCopy.direction(statement);
            if (direction.isPresent()) {
                copy(direction.get(), statement);
                return true;
            }
            QueryExecutor executor = connection.getQueryExecutor();
            executor.execute(executor.createSimpleQuery(statement), null, new Printer(), 0, 0, FLAGS);
            return true;
        } catch (SQLException e) {
            out.flush();
            printError(statement, e);
            return false;
        } finally {
            out.flush();
            err.flush();
        }
    }

    private void copy(InlineCopy.Direction direction, String statement) throws SQLException {
        connection.clearWarnings();
        try {
            switch (direction) {
                case IN -> copy.in(statement);
                case OUT -> copy.out(statement);
            }
        } finally {
            for (SQLWarning notice = connection.getWarnings(); notice != null; notice = notice.getNextWarning()) {
                printWarning(notice);
            }
        }
    }

    private void printWarning(SQLWarning warning) {
        out.flush();
        if (warning instanceof PSQLWarning notice) {
            printMessage(notice.getServerErrorMessage(), false);
        } else {
            err.println(warning.getMessage());
        }
        err.flush();
    }

    private final class Printer extends ResultHandlerBase {

        private boolean rowsShown;

        @Override
        public void handleResultRows(Query query, Field[] fields, List<Tuple> tuples, @Nullable ResultCursor cursor) {
            if (fields.length > 0) {
                out.println(table(fields, tuples));
            }
            out.println(tuples.size() == 1 ? "(1 row)" : "(" + tuples.size() + " rows)");
            out.println();
            rowsShown = true;
        }

        @Override
        public void handleCommandStatus(String tag, long updateCount, long insertOid) {
            boolean shown = !rowsShown || TAGS_SHOWN_AFTER_ROWS.contains(tag.split(" ", 2)[0]);
            rowsShown = false;
            if (shown) {
                out.println(tag);
            }
        }

        @Override
        public void handleWarning(SQLWarning warning) {
            printWarning(warning);
        }
    }

    private static String table(Field[] fields, List<Tuple> tuples) {
        Column[] columns = Stream.of(fields).map(StatementRunner::column).toArray(Column[]::new);
        String[][] cells = tuples.stream().map(StatementRunner::cells).toArray(String[][]::new);
        return AsciiTable.getTable(AsciiTable.BASIC_ASCII_NO_DATA_SEPARATORS_NO_OUTSIDE_BORDER, columns, cells);
    }

    private static Column column(Field field) {
        return new Column()
                .header(field.getColumnLabel())
                .headerAlign(HorizontalAlign.CENTER)
                .dataAlign(RIGHT_ALIGNED.contains(field.getOID()) ? HorizontalAlign.RIGHT : HorizontalAlign.LEFT)
                .maxWidth(Integer.MAX_VALUE);
    }

    private static String[] cells(Tuple tuple) {
        String[] cells = new String[tuple.fieldCount()];
        for (int i = 0; i < cells.length; i++) {
            byte[] value = tuple.get(i);
            cells[i] = value == null ? "" : new String(value, StandardCharsets.UTF_8);
        }
        return cells;
    }

    private void printError(String statement, SQLException e) {
        ServerErrorMessage message = e instanceof PSQLException fromServer ? fromServer.getServerErrorMessage() : null;
        if (message == null) {
            err.println("ERROR:  " + e.getMessage());
            return;
        }
        printMessage(message, true);
        if (message.getPosition() > 0) {
            err.println(SourceLine.of(statement, message.getPosition()));
        }
        printDetails(message);
        if (String.valueOf(message.getMessage()).endsWith("at or near \"\\\"")) {
            printField("HINT", BACKSLASH);
        }
    }

    private void printMessage(ServerErrorMessage message, boolean withState) {
        String state = withState ? message.getSQLState() + ": " : "";
        err.println(message.getSeverity() + ":  " + state + message.getMessage());
        if (!withState) {
            printDetails(message);
        }
    }

    private void printDetails(ServerErrorMessage message) {
        printField("DETAIL", message.getDetail());
        printField("HINT", message.getHint());
        printField("QUERY", message.getInternalQuery());
        printField("CONTEXT", message.getWhere());
    }

    private void printField(String name, @Nullable String value) {
        if (value != null) {
            err.println(name + ":  " + value);
        }
    }
}
