// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import io.pgtrickle.sql.lexer.SqlLexer;
import io.pgtrickle.sql.lexer.Token;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyOperation;
import org.postgresql.copy.CopyOut;
import org.postgresql.core.BaseConnection;

/**
 * COPY FROM STDIN and TO STDOUT as in psql: the data stand in the script behind the line with the statement, up to a line with
 * {@code \.}, or go where rows go.
 */
final class InlineCopy {

    enum Direction {
        IN,
        OUT
    }

    private static final int BINARY = 1;

    private final BaseConnection connection;
    private final ScriptReader data;
    private final PrintWriter out;

    InlineCopy(BaseConnection connection, ScriptReader data, PrintWriter out) {
        this.connection = connection;
        this.data = data;
        this.out = out;
    }

    /** Empty if it is another statement, or a COPY of the server's own files. STDIN and STDOUT mean the same to PostgreSQL. */
    static Optional<Direction> direction(String statement) {
        List<Token> tokens = SqlLexer.significantTokens(statement, true);
        if (tokens.isEmpty() || !tokens.getFirst().isWord(statement, "copy")) {
            return Optional.empty();
        }
        int depth = 0;
        for (int i = 1; i + 1 < tokens.size(); i++) {
            Token token = tokens.get(i);
            Token next = tokens.get(i + 1);
            depth += token.isSymbol(statement, '(') ? 1 : token.isSymbol(statement, ')') ? -1 : 0;
            if (depth == 0 && (next.isWord(statement, "stdin") || next.isWord(statement, "stdout"))) {
                if (token.isWord(statement, "from")) {
                    return Optional.of(Direction.IN);
                }
                if (token.isWord(statement, "to")) {
                    return Optional.of(Direction.OUT);
                }
            }
        }
        return Optional.empty();
    }

    /** The data are read to their end also when the server does not want them, so that the script can go on behind them. */
    void in(String statement) throws SQLException {
        CopyIn copy;
        try {
            copy = connection.getCopyAPI().copyIn(statement);
        } catch (SQLException e) {
            data.skipCopyData();
            throw e;
        }
        requireText(copy);
        try {
            for (Optional<String> line = data.copyLine(); line.isPresent(); line = data.copyLine()) {
                byte[] bytes = line.get().getBytes(StandardCharsets.UTF_8);
                copy.writeToCopy(bytes, 0, bytes.length);
            }
            out.println("COPY " + copy.endCopy());
        } finally {
            if (copy.isActive()) {
                copy.cancelCopy();
            }
        }
    }

    void out(String statement) throws SQLException {
        CopyOut copy = connection.getCopyAPI().copyOut(statement);
        requireText(copy);
        for (byte[] row = copy.readFromCopy(); row != null; row = copy.readFromCopy()) {
            out.print(new String(row, StandardCharsets.UTF_8));
        }
    }

    private static void requireText(CopyOperation copy) throws SQLException {
        if (copy.getFormat() == BINARY) {
            copy.cancelCopy();
            throw new SQLException("binary COPY data are not supported here; use psql");
        }
    }
}
