// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite;

import io.pgtrickle.dvm.engine.CommandOutcome;
import io.pgtrickle.dvm.engine.CommandOutcome.Rows;
import io.pgtrickle.dvm.engine.Engines;
import io.pgtrickle.dvm.jdbc.JdbcSqlSession;
import io.pgtrickle.dvm.session.ServerError;
import io.pgtrickle.dvm.session.SqlFailure;
import io.pgtrickle.sql.statement.SqlStatement;
import io.pgtrickle.sql.statement.SqlStatement.Passthrough;
import io.pgtrickle.sql.statement.SqlStatement.StreamTableCommand;
import io.pgtrickle.sql.statement.StatementClassifier;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.TransactionState;

/** The engine called in process, over a JDBC connection to the server: no proxy, no wire protocol of ours. */
public final class DirectDoor implements Door {

    private static final TestPostgres SERVER = TestPostgres.shared();

    @Override
    public String name() {
        return "direct";
    }

    @Override
    public Client connect(String database, String role) {
        try {
            return new Session(SERVER.connect(database, role), TestEngines.shared(), database);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String toString() {
        return name();
    }

    private static final class Session extends PgClient {

        private final StatementClassifier classifier = new StatementClassifier();
        private final Engines engines;
        private final String database;

        Session(Connection connection, Engines engines, String database) {
            super(connection);
            this.engines = engines;
            this.database = database;
        }

        @Override
        public List<Reply> run(String sql) {
            return run(sql, List.of());
        }

        @Override
        public Reply prepared(String sql, @Nullable Object... parameters) {
            if (!StatementClassifier.mayConcern(sql)) {
                return super.prepared(sql, parameters);
            }
            String numbered = sql;
            for (int i = 1; numbered.indexOf('?') >= 0; i++) {
                numbered = numbered.replaceFirst("\\?", "\\$" + i);
            }
            return run(numbered, Arrays.stream(parameters).<@Nullable String>map(p -> p == null ? null : p.toString()).toList()).getLast();
        }

        private List<Reply> run(String sql, List<@Nullable String> parameters) {
            List<SqlStatement> statements = classifier.classify(sql, standardConformingStrings());
            if (statements.stream().allMatch(Passthrough.class::isInstance)) {
                return super.run(sql);
            }
            // A string of statements outside a block is one transaction, as on the server.
            boolean own = transactionState() == TransactionState.IDLE;
            List<Reply> replies = new ArrayList<>();
            try {
                for (SqlStatement statement : statements) {
                    if (own && transactionState() == TransactionState.IDLE) {
                        super.run("BEGIN");
                    }
                    replies.addAll(runOne(sql, statement, parameters));
                }
                if (own && transactionState() != TransactionState.IDLE) {
                    super.run("COMMIT");
                }
                return replies;
            } catch (SqlError e) {
                if (own && transactionState() != TransactionState.IDLE) {
                    super.run("ROLLBACK");
                }
                throw e;
            }
        }

        private List<Reply> runOne(String sql, SqlStatement statement, List<@Nullable String> parameters) {
            return switch (statement) {
                case Passthrough other -> super.run(padded(sql, other));
                case StreamTableCommand command -> {
                    CommandOutcome outcome;
                    try {
                        outcome = engines.forDatabase(database, StatementClassifier.namesPgtrickle(command.span().of(sql), standardConformingStrings()))
                                .execute(command, parameters, new JdbcSqlSession(jdbc(), false, this::collectOne));
                    } catch (SqlFailure e) {
                        ServerError error = e.error();
                        throw new SqlError(error.sqlState(), error.message(), error.detail(), error.hint(), error.position(), e);
                    }
                    yield switch (outcome) {
                        case CommandOutcome.NotOurs n -> super.run(padded(sql, statement));
                        case CommandOutcome.Completed done -> List.of(done.rows().map(rows -> reply(done.commandTag(), rows))
                                .orElseGet(() -> new Reply(done.commandTag(), List.of(), List.of())));
                    };
                }
            };
        }

        /** One statement of the string, where it stands in it, so that error positions are right. */
        private static String padded(String sql, SqlStatement statement) {
            return " ".repeat(sql.codePointCount(0, statement.span().start())) + statement.span().of(sql);
        }

        private static Reply reply(String tag, Rows rows) {
            return new Reply(tag, rows.columns().stream().map(CommandOutcome.Column::name).toList(), rows.values());
        }

        private boolean standardConformingStrings() {
            return executor().getStandardConformingStrings();
        }

        private TransactionState transactionState() {
            return executor().getTransactionState();
        }
    }
}
