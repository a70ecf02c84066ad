// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.engine;

import io.pgtrickle.dvm.catalog.DatabaseIdentity;
import io.pgtrickle.dvm.engine.CommandOutcome.Completed;
import io.pgtrickle.dvm.engine.CommandOutcome.NotOurs;
import io.pgtrickle.dvm.engine.CommandOutcome.Rows;
import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.dvm.error.ErrorCode;
import io.pgtrickle.dvm.refresh.CommandRefresh;
import io.pgtrickle.dvm.refresh.Decision;
import io.pgtrickle.dvm.refresh.Plans;
import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.dvm.session.SqlSession;
import io.pgtrickle.dvm.settings.Settings;
import io.pgtrickle.sql.render.Quoting;
import io.pgtrickle.sql.statement.QualifiedName;
import io.pgtrickle.sql.statement.SqlStatement.CreateOrdinaryView;
import io.pgtrickle.sql.statement.SqlStatement.CreateStreamTable;
import io.pgtrickle.sql.statement.SqlStatement.DropMaterializedViews;
import io.pgtrickle.sql.statement.SqlStatement.FunctionCall;
import io.pgtrickle.sql.statement.SqlStatement.RefreshMaterializedView;
import io.pgtrickle.sql.statement.SqlStatement.StreamTableCommand;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** Carries out one statement in the caller's session. */
final class Commands {

    private final Hands hands;
    private final SqlSession session;
    private final Opening opening;
    private final DatabaseIdentity identity;
    private final Plans plans;
    private final Settings settings;
    private final LongConsumer nothingToDo;

    /** @param nothingToDo hears of refreshes that left no trace in the transaction */
    Commands(Hands hands, SqlSession session, Opening opening, DatabaseIdentity identity, Plans plans, Settings settings,
            LongConsumer nothingToDo) {
        this.nothingToDo = nothingToDo;
        this.hands = hands;
        this.session = session;
        this.opening = opening;
        this.identity = identity;
        this.plans = plans;
        this.settings = settings;
    }

    CommandOutcome run(StreamTableCommand command, List<@Nullable String> parameters) {
        return switch (command) {
            case CreateStreamTable create -> done(create(create));
            case CreateOrdinaryView ordinary -> done(hands.caller(ordinary.statement()).commandTag());
            case DropMaterializedViews drop -> drop(drop);
            case RefreshMaterializedView refresh -> refresh(refresh);
            case FunctionCall call -> call(call, parameters);
        };
    }

    private static CommandOutcome done(String tag) {
        return new Completed(tag, Optional.empty());
    }

    private String create(CreateStreamTable create) {
        return new CreateCommand(hands, opening, identity, plans.planner(), settings).run(new Definition(
                create.name(), create.ifNotExists(), create.columns(), create.accessMethod(), create.storageOptions(),
                create.tablespace(), create.query(), OptionalInt.of(create.queryStart()), Options.of(create.options(), settings), create.withData(), !create.withData()));
    }

    private CommandOutcome drop(DropMaterializedViews drop) {
        List<Resolved> named = Resolved.of(hands, drop.names());
        if (named.stream().noneMatch(Resolved::isStreamTable)) {
            return new NotOurs();
        }
        new DropCommand(hands, "DROP ... CASCADE").run(named, drop.ifExists(), drop.cascade());
        return done("DROP MATERIALIZED VIEW");
    }

    private CommandOutcome refresh(RefreshMaterializedView refresh) {
        Resolved table = Resolved.of(hands, List.of(refresh.name())).getFirst();
        if (!table.isStreamTable()) {
            return new NotOurs();
        }
        if (refresh.concurrently() && !refresh.withData()) {
            throw EngineException.of(ErrorCode.SYNTAX_ERROR, "REFRESH options CONCURRENTLY and WITH NO DATA cannot be used together");
        }
        refresh(table, refresh.withData());
        return done("REFRESH MATERIALIZED VIEW");
    }

    private void refresh(Resolved table, boolean withData) {
        if (!table.mayRefresh()) {
            throw EngineException.of(ErrorCode.PERMISSION_DENIED, "permission denied for materialized view " + table.name());
        }
        CommandRefresh command = new CommandRefresh(hands, plans, settings, identity.cluster());
        if (withData) {
            long id = table.id().orElseThrow();
            command.run(id, "MANUAL")
                    .filter(outcome -> outcome.decision().action() == Decision.Action.NO_DATA)
                    .ifPresent(_ -> nothingToDo.accept(id));
        } else {
            command.empty(table.id().orElseThrow());
        }
    }

    private CommandOutcome call(FunctionCall call, List<@Nullable String> parameters) {
        if (!FunctionCalls.known(call.function())) {
            return new NotOurs();
        }
        Map<String, Optional<String>> arguments = FunctionCalls.evaluate(call, parameters, session);
        boolean strictNull = !call.function().equals("create_stream_table") && arguments.containsValue(Optional.<String>empty());
        if (!strictNull) {
            switch (call.function()) {
                case "create_stream_table" -> createByCall(arguments);
                case "drop_stream_table" -> new DropCommand(hands, "cascade => true").run(
                        List.of(streamTable(arguments)), false, arguments.getOrDefault("cascade", Optional.of("f")).orElse("f").startsWith("t"));
                default -> refresh(streamTable(arguments), true);
            }
        }
        return new Completed(call.call() ? "CALL" : "SELECT 1", call.call() ? Optional.empty() : Optional.of(voidResult(call, strictNull)));
    }

    private static Rows voidResult(FunctionCall call, boolean isNull) {
        List<@Nullable String> row = new ArrayList<>();
        row.add(isNull ? null : "");
        return new Rows(List.of(new CommandOutcome.Column(call.resultName(), 2278, 4)), List.of(row));
    }

    private static QualifiedName name(Map<String, Optional<String>> arguments) {
        String text = arguments.getOrDefault("name", Optional.empty())
                .orElseThrow(() -> EngineException.of(ErrorCode.INVALID_ARGUMENT, "invalid argument: name is NULL"));
        try {
            return QualifiedName.parse(text);
        } catch (IllegalArgumentException e) {
            throw EngineException.of(ErrorCode.INVALID_ARGUMENT, "invalid argument: " + e.getMessage());
        }
    }

    private Resolved streamTable(Map<String, Optional<String>> arguments) {
        QualifiedName name = name(arguments);
        Resolved table = Resolved.of(hands, List.of(name)).getFirst();
        if (!table.isStreamTable()) {
            throw EngineException.of(ErrorCode.STREAM_TABLE_NOT_FOUND, "stream table not found: " + Quoting.qualified(name));
        }
        return table;
    }

    private void createByCall(Map<String, Optional<String>> arguments) {
        String query = arguments.getOrDefault("query", Optional.empty())
                .orElseThrow(() -> EngineException.of(ErrorCode.INVALID_ARGUMENT, "invalid argument: query is NULL"));
        if (arguments.containsKey("schedule") && arguments.get("schedule").isEmpty()) {
            throw EngineException.withHint(ErrorCode.INVALID_ARGUMENT, "invalid argument: schedule is NULL", "Use 'calculated'.");
        }
        Map<String, String> values = new HashMap<>();
        arguments.forEach((name, value) -> value.ifPresent(text -> values.put(name, text)));
        boolean initialize = !values.getOrDefault("initialize", "true").startsWith("f");
        new CreateCommand(hands, opening, identity, plans.planner(), settings).run(new Definition(
                name(arguments), false, List.of(), Optional.empty(), List.of(), Optional.empty(), query, OptionalInt.empty(),
                Options.of(values, settings), initialize, false));
    }
}
