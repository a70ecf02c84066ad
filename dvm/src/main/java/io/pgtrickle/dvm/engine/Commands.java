// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.engine;

import io.pgtrickle.dvm.catalog.DatabaseIdentity;
import io.pgtrickle.dvm.catalog.SettingsReader;
import io.pgtrickle.dvm.engine.CommandOutcome.Completed;
import io.pgtrickle.dvm.engine.CommandOutcome.NotOurs;
import io.pgtrickle.dvm.engine.CommandOutcome.Rows;
import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.dvm.error.ErrorCode;
import io.pgtrickle.dvm.refresh.CommandRefresh;
import io.pgtrickle.dvm.refresh.Decision;
import io.pgtrickle.dvm.refresh.Plans;
import io.pgtrickle.dvm.refresh.Refresher;
import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.dvm.session.SqlSession;
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
    private final LongConsumer nothingToDo;

    /** @param nothingToDo hears of refreshes that left no trace in the transaction */
    Commands(Hands hands, SqlSession session, Opening opening, DatabaseIdentity identity, Plans plans,
            LongConsumer nothingToDo) {
        this.nothingToDo = nothingToDo;
        this.hands = hands;
        this.session = session;
        this.opening = opening;
        this.identity = identity;
        this.plans = plans;
    }

    CommandOutcome run(StreamTableCommand command, List<@Nullable String> parameters) {
        if (opening.readOnly()) {
            switch (command) {
                case CreateStreamTable _, CreateOrdinaryView _ -> checkMayWrite("CREATE MATERIALIZED VIEW");
                case DropMaterializedViews _ -> {
                    return new NotOurs(); // PostgreSQL refuses it
                }
                case RefreshMaterializedView _, FunctionCall _ -> {} // once it is known to be ours
            }
        }
        names(command).forEach(this::checkDatabase);
        return switch (command) {
            case CreateStreamTable create -> done(create(create));
            case CreateOrdinaryView ordinary -> done(hands.caller(ordinary.statement()).commandTag());
            case DropMaterializedViews drop -> drop(drop);
            case RefreshMaterializedView refresh -> refresh(refresh);
            case FunctionCall call -> call(call, parameters);
        };
    }

    private static List<QualifiedName> names(StreamTableCommand command) {
        return switch (command) {
            case CreateStreamTable create -> List.of(create.name());
            case DropMaterializedViews drop -> drop.names();
            case RefreshMaterializedView refresh -> List.of(refresh.name());
            case CreateOrdinaryView _, FunctionCall _ -> List.of();
        };
    }

    private void checkDatabase(QualifiedName name) {
        if (name.database().isPresent()
                && hands.caller("SELECT 1 WHERE pg_catalog.current_database() OPERATOR(pg_catalog.=) " + Quoting.literal(name.database().get())).isEmpty()) {
            throw EngineException.of(ErrorCode.UNSUPPORTED_OPERATOR, "cross-database references are not implemented: \"" + name.shown() + "\"");
        }
    }

    private static CommandOutcome done(String tag) {
        return new Completed(tag, Optional.empty());
    }

    private String create(CreateStreamTable create) {
        return new CreateCommand(hands, opening, identity, plans.planner()).run(new Definition(
                create.name(), create.ifNotExists(), create.columns(), create.accessMethod(), create.storageOptions(),
                create.tablespace(), create.query(), OptionalInt.of(create.queryStart()), Options.of(create.options(), SettingsReader.read(hands)), create.withData(), !create.withData()));
    }

    private CommandOutcome drop(DropMaterializedViews drop) {
        if (!new DropCommand(hands, "DROP ... CASCADE").run(drop.names(), drop.ifExists(), drop.cascade())) {
            return new NotOurs();
        }
        return done("DROP MATERIALIZED VIEW");
    }

    private CommandOutcome refresh(RefreshMaterializedView refresh) {
        if (opening.named().isEmpty()) {
            return notThere(refresh.name());
        }
        Optional<Opening.Named> table = opening.named().filter(Opening.Named::ordinaryTable);
        if (table.isEmpty()) {
            return new NotOurs();
        }
        boolean contradiction = refresh.concurrently() && !refresh.withData();
        if (contradiction || opening.readOnly() || !table.get().mayRefresh()) {
            if (!Resolved.of(hands, List.of(refresh.name())).getFirst().isStreamTable()) {
                return new NotOurs();
            }
            checkMayRefresh(refresh.name().name(), table.get().mayRefresh());
            throw EngineException.of(ErrorCode.SYNTAX_ERROR, "CONCURRENTLY and WITH NO DATA options cannot be used together");
        }
        return refresh(table.get().relation(), refresh.withData()) ? done("REFRESH MATERIALIZED VIEW") : notThere(refresh.name());
    }

    /** Also when it was dropped while its lock was waited for. */
    private CommandOutcome notThere(QualifiedName name) {
        Resolved now = Resolved.of(hands, List.of(name)).getFirst();
        if (now.isMissing(hands) || now.isStreamTable()) { // the latter is another one already
            throw EngineException.of(ErrorCode.STREAM_TABLE_NOT_FOUND, "relation \"" + now.shown() + "\" does not exist");
        }
        return new NotOurs();
    }

    private void checkMayWrite(String command) {
        if (opening.readOnly()) {
            throw EngineException.of(ErrorCode.READ_ONLY_TRANSACTION, "cannot execute " + command + " in a read-only transaction");
        }
    }

    private void checkMayRefresh(String name, boolean mayRefresh) {
        checkMayWrite("REFRESH MATERIALIZED VIEW");
        if (!mayRefresh) {
            throw EngineException.of(ErrorCode.PERMISSION_DENIED, "permission denied for materialized view " + name);
        }
    }

    /** @return whether it is a stream table */
    private boolean refresh(long relation, boolean withData) {
        CommandRefresh command = new CommandRefresh(hands, plans, identity.cluster());
        if (!withData) {
            return command.empty(relation);
        }
        Optional<Refresher.Outcome> outcome = command.run(relation, "MANUAL");
        outcome.filter(done -> done.decision().action() == Decision.Action.NO_DATA).ifPresent(done -> nothingToDo.accept(done.id()));
        return outcome.isPresent();
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
                case "drop_stream_table" -> {
                    checkMayWrite("DROP MATERIALIZED VIEW");
                    boolean cascade = arguments.getOrDefault("cascade", Optional.of("f")).orElse("f").startsWith("t");
                    if (!Resolved.of(hands, List.of(name(arguments))).getFirst().isStreamTable()
                            || !new DropCommand(hands, "cascade => true").run(List.of(name(arguments)), false, cascade)) {
                        throw notFound(name(arguments));
                    }
                }
                default -> refreshByCall(name(arguments));
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

    private void refreshByCall(QualifiedName name) {
        Resolved table = Resolved.of(hands, List.of(name)).getFirst();
        if (!table.isStreamTable()) {
            throw notFound(name);
        }
        checkMayRefresh(table.name(), table.mayRefresh());
        if (!refresh(table.relation().orElseThrow(), true)) {
            throw notFound(name);
        }
    }

    private static EngineException notFound(QualifiedName name) {
        return EngineException.of(ErrorCode.STREAM_TABLE_NOT_FOUND, "stream table not found: " + Quoting.qualified(name));
    }

    private void createByCall(Map<String, Optional<String>> arguments) {
        String query = arguments.getOrDefault("query", Optional.empty())
                .orElseThrow(() -> EngineException.of(ErrorCode.INVALID_ARGUMENT, "invalid argument: query is NULL"));
        if (arguments.containsKey("schedule") && arguments.get("schedule").isEmpty()) {
            throw EngineException.withHint(ErrorCode.INVALID_ARGUMENT, "invalid argument: schedule is NULL", "Use 'calculated'.");
        }
        Map<String, String> values = new HashMap<>();
        arguments.forEach((name, value) -> value.ifPresent(text -> values.put(name, text)));
        checkMayWrite("CREATE MATERIALIZED VIEW");
        boolean initialize = !values.getOrDefault("initialize", "true").startsWith("f");
        new CreateCommand(hands, opening, identity, plans.planner()).run(new Definition(
                name(arguments), false, List.of(), Optional.empty(), List.of(), Optional.empty(), query, OptionalInt.empty(),
                Options.of(values, SettingsReader.read(hands)), initialize, false));
    }
}
