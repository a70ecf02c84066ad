// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.conversation;

import io.pgtrickle.dvm.engine.CommandOutcome;
import io.pgtrickle.dvm.engine.CommandOutcome.Column;
import io.pgtrickle.dvm.engine.CommandOutcome.Completed;
import io.pgtrickle.dvm.engine.CommandOutcome.NotOurs;
import io.pgtrickle.dvm.engine.CommandOutcome.Rows;
import io.pgtrickle.dvm.engine.Engines;
import io.pgtrickle.dvm.engine.StreamTableEngine;
import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.dvm.error.ErrorCode;
import io.pgtrickle.dvm.session.SqlSession;
import io.pgtrickle.sql.render.Quoting;
import io.pgtrickle.sql.statement.QualifiedName;
import io.pgtrickle.sql.statement.SqlStatement.CreateOrdinaryView;
import io.pgtrickle.sql.statement.SqlStatement.CreateStreamTable;
import io.pgtrickle.sql.statement.SqlStatement.DropMaterializedViews;
import io.pgtrickle.sql.statement.SqlStatement.FunctionCall;
import io.pgtrickle.sql.statement.SqlStatement.RefreshMaterializedView;
import io.pgtrickle.sql.statement.SqlStatement.StreamTableCommand;
import io.pgtrickle.suite.TestPostgres;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * An engine that makes a stream table an ordinary table: enough to see in whose session, when and how often it is called. What went
 * wrong in a call can be waited for.
 */
final class FakeEngines implements Engines {

    static final int VOID = 2278;

    private final TestPostgres postgres;
    private final Set<String> installed = ConcurrentHashMap.newKeySet();
    final LinkedBlockingQueue<RuntimeException> failures = new LinkedBlockingQueue<>();

    FakeEngines(TestPostgres postgres) {
        this.postgres = postgres;
    }

    boolean isInstalled(String database) {
        return installed.contains(database);
    }

    @Override
    public StreamTableEngine forDatabase(String database, boolean install) {
        if (install && installed.add(database)) {
            try (Connection connection = postgres.connect(database);
                    Statement statement = connection.createStatement()) {
                statement.execute(
                        """
                        CREATE SCHEMA pgtrickle;
                        CREATE TABLE pgtrickle.pgt_stream_tables ();
                        CREATE FUNCTION pgtrickle.create_stream_table(name text, query text, rows int DEFAULT 0) RETURNS void
                        LANGUAGE plpgsql AS 'BEGIN RAISE ''the function itself was called''; END';
                        CREATE FUNCTION pgtrickle.answer() RETURNS int LANGUAGE sql AS 'SELECT 42';
                        """);
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        }
        return this::execute;
    }

    private CommandOutcome execute(StreamTableCommand command, List<@Nullable String> parameters, SqlSession session) {
        try {
            return switch (command) {
                case CreateStreamTable create -> create(create, session);
                case DropMaterializedViews drop -> drop(drop, session);
                case RefreshMaterializedView refresh -> refresh(refresh, session);
                case FunctionCall call -> call(call, parameters, session);
                case CreateOrdinaryView _ -> throw new IllegalStateException("not for the engine");
            };
        } catch (RuntimeException e) {
            failures.add(e);
            throw e;
        }
    }

    private static CommandOutcome create(CreateStreamTable create, SqlSession session) {
        if (create.name().name().equals("refused")) {
            throw EngineException.withHint(ErrorCode.UNSUPPORTED_OPERATOR, "it's \"refused\" \\ $pgtrickle$", "Try 'another'.");
        }
        session.execute("DO 'BEGIN RAISE NOTICE ''creating %''; END'".replace("%", create.name().name()));
        String tag = session.execute("CREATE TABLE " + Quoting.qualified(create.name()) + " AS " + create.query()).commandTag();
        return new Completed(create.withData() ? tag : "CREATE MATERIALIZED VIEW", Optional.empty());
    }

    private static CommandOutcome drop(DropMaterializedViews drop, SqlSession session) {
        if (drop.names().stream().noneMatch(name -> isOurs(name, session))) {
            return new NotOurs();
        }
        drop.names().forEach(name -> session.execute("DROP TABLE " + Quoting.qualified(name)));
        return new Completed("DROP MATERIALIZED VIEW", Optional.empty());
    }

    private static CommandOutcome refresh(RefreshMaterializedView refresh, SqlSession session) {
        if (!isOurs(refresh.name(), session)) {
            return new NotOurs();
        }
        session.execute("SELECT pg_sleep($1::float8)", refresh.concurrently() ? "60" : "0");
        return new Completed("REFRESH MATERIALIZED VIEW", Optional.empty());
    }

    private static boolean isOurs(QualifiedName name, SqlSession session) {
        return !session.execute("SELECT FROM pg_class WHERE oid = to_regclass($1) AND relkind = 'r'", Quoting.qualified(name))
                .isEmpty();
    }

    private static CommandOutcome call(FunctionCall call, List<@Nullable String> parameters, SqlSession session) {
        String name = String.valueOf(argument(call, 0, parameters, session));
        String query = String.valueOf(argument(call, 1, parameters, session));
        session.execute("CREATE TABLE " + Quoting.identifier(name) + " AS " + query);
        if (call.arguments().size() > 2) {
            session.execute("INSERT INTO " + Quoting.identifier(name) + " SELECT generate_series(1, $1::int)",
                    argument(call, 2, parameters, session));
        }
        if (call.call()) {
            return new Completed("CALL", Optional.empty());
        }
        return new Completed("SELECT 1", Optional.of(new Rows(List.of(new Column(call.resultName(), VOID, 4)), List.of(List.of("")))));
    }

    private static @Nullable String argument(
            FunctionCall call, int i, List<@Nullable String> parameters, SqlSession session) {
        String expression = call.arguments().get(i).expression();
        return expression.matches("\\$\\d+")
                ? parameters.get(Integer.parseInt(expression.substring(1)) - 1)
                : session.execute("SELECT " + expression).single();
    }

    @Override
    public void close() {}
}
