// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.engine;

import io.pgtrickle.dvm.analysis.Planner;
import io.pgtrickle.dvm.catalog.DatabaseIdentity;
import io.pgtrickle.dvm.catalog.QuerySettings;
import io.pgtrickle.dvm.catalog.StreamTableStore;
import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.dvm.error.ErrorCode;
import io.pgtrickle.dvm.plan.StreamPlan;
import io.pgtrickle.dvm.plan.Target;
import io.pgtrickle.dvm.refresh.Decision;
import io.pgtrickle.dvm.refresh.Orphans;
import io.pgtrickle.dvm.refresh.Parts;
import io.pgtrickle.dvm.refresh.Pending;
import io.pgtrickle.dvm.refresh.Refresher;
import io.pgtrickle.dvm.refresh.RunFunction;
import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.dvm.session.SqlFailure;
import io.pgtrickle.dvm.session.SqlResult;
import io.pgtrickle.sql.render.Quoting;
import io.pgtrickle.sql.statement.QualifiedName;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Makes a stream table in the caller's transaction. What the caller must have rights for (view, table, function) is created
 * by the caller in the target schema, so that PostgreSQL checks; what is internal moves to pgtrickle_state afterwards.
 */
final class CreateCommand {

    private final Hands hands;
    private final Opening opening;
    private final DatabaseIdentity identity;
    private final Planner planner;

    CreateCommand(Hands hands, Opening opening, DatabaseIdentity identity, Planner planner) {
        this.hands = hands;
        this.opening = opening;
        this.identity = identity;
        this.planner = planner;
    }

    /** @return the command tag */
    String run(Definition wanted) {
        String schema = wanted.name().schema().or(opening::schema)
                .orElseThrow(() -> EngineException.of(ErrorCode.NO_SCHEMA, "no schema has been selected to create in"));
        String name = wanted.name().name();
        if (exists(schema, name) && !removeOrphan(schema, name) && exists(schema, name)) {
            if (!wanted.ifNotExists()) {
                throw EngineException.of(ErrorCode.STREAM_TABLE_EXISTS, "relation \"" + name + "\" already exists");
            }
            hands.notice(Hands.Level.NOTICE, "42P07", "relation \"" + name + "\" already exists, skipping", Optional.empty(), Optional.empty());
            return "CREATE MATERIALIZED VIEW";
        }
        checkEngineMayAct();
        StreamTableStore store = new StreamTableStore(hands);
        long id = store.nextId();
        String prefix = Parts.prefix(name, id);
        Target target = Refresher.target(schema, name, prefix);

        long view = createQueryView(wanted, schema, target);
        long table = createTable(wanted, target);
        QuerySettings settings = QuerySettings.ofSession(hands);
        Planner.Planned planned = planner.plan(hands, view, settings);
        createRunFunction(schema, id, target, settings.suiting(planned.facts()));
        ReservedNames.check(planned.facts());
        if (planned.facts().output().isEmpty()) {
            throw EngineException.withHint(
                    ErrorCode.UNSUPPORTED_OPERATOR, "stream table \"" + name + "\" would have no columns", "Select at least one expression.");
        }
        boolean full = wanted.options().mode() == Options.Mode.FULL;
        explainMode(wanted.options().mode(), name, planned.plan());

        Parts parts = new Parts(hands);
        parts.capture(planned, opening.role());
        parts.createIndexes(planned.plan(), target, Set.of());
        parts.createState(planned.plan(), target, table, Quoting.identifier(opening.role()));
        parts.lockAndGuard(id, target);
        store.insert(
                new StreamTableStore.New(id, table, schema, name, wanted.query(), wanted.options().schedule().text(),
                        wanted.options().mode().name(), view, prefix, wanted.awaitsRefresh()),
                new StreamTableStore.PlanRow(planned.facts(), planned.plan(), full, planned.everyTime()));
        long rows = wanted.populate() ? populate(id, planned) : 0;
        hands.engine("SELECT pg_notify('" + DatabaseEngine.CHANNEL + "', '')");
        return wanted.populate() ? "SELECT " + rows : "CREATE MATERIALIZED VIEW";
    }

    private boolean exists(String schema, String name) {
        return !hands.caller("SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                + "WHERE n.nspname = " + Quoting.literal(schema) + " AND c.relname = " + Quoting.literal(name)).isEmpty();
    }

    /** DROP TABLE … CASCADE has taken away what it read, and upkeep has not come by yet. */
    private boolean removeOrphan(String schema, String name) {
        String relation = Quoting.literal(Quoting.qualified(schema, name));
        return new Orphans(hands, identity.cluster())
                .drop(hands.one("SELECT coalesce(to_regclass(" + relation + ")::oid::int8, 0) AS oid").number("oid"));
    }

    /** Said before anything is made, since afterwards the server could only report a failed ALTER. */
    private void checkEngineMayAct() {
        boolean member = hands.one("SELECT pg_has_role(current_user, " + Quoting.literal(opening.role()) + ", 'USAGE') AS member").flag("member");
        if (!member) {
            throw EngineException.withHint(
                    ErrorCode.PERMISSION_DENIED,
                    "the pgtrickle engine may not act for role \"" + opening.role() + "\"",
                    "The engine logs in as \"" + identity.role() + "\", which must be a superuser or a member: GRANT "
                            + Quoting.identifier(opening.role()) + " TO " + Quoting.identifier(identity.role()) + ".");
        }
    }

    private long createQueryView(Definition wanted, String schema, Target target) {
        String name = target.queryView().name();
        String columns = wanted.columns().isEmpty()
                ? ""
                : wanted.columns().stream().map(Quoting::identifier).collect(Collectors.joining(", ", " (", ")"));
        checkColumnNames(wanted);
        onQuery("CREATE VIEW " + Quoting.qualified(schema, name) + columns + " AS ", wanted, "");
        hands.engine("ALTER VIEW " + Quoting.qualified(schema, name) + " SET SCHEMA pgtrickle_state");
        // Reads nothing, but the server checks the caller's rights on what it would read.
        hands.caller("SELECT FROM " + Quoting.qualified(target.queryView()) + " LIMIT 0");
        return oid(target.queryView());
    }

    /** In PostgreSQL's words for a materialized view: it has others for the view that stands in for it. */
    private void checkColumnNames(Definition wanted) {
        if (wanted.columns().size() > 0
                && wanted.columns().size() > onQuery("SELECT * FROM (", wanted, ") AS query LIMIT 0").columns().size()) {
            throw EngineException.of(ErrorCode.SYNTAX_ERROR, "too many column names were specified");
        }
    }

    /** Runs a statement with the query in it; an error in the query points into what the client sent. */
    private SqlResult onQuery(String before, Definition wanted, String after) {
        try {
            // The new line ends a comment the query may end in.
            return hands.caller(before + wanted.query() + "\n" + after);
        } catch (SqlFailure e) {
            int inQuery = e.error().position() - before.codePointCount(0, before.length());
            boolean points = e.error().position() > 0 && inQuery > 0 && wanted.queryStart().isPresent();
            throw new SqlFailure(e.error().at(points ? wanted.queryStart().getAsInt() + inQuery : 0));
        }
    }

    private long createTable(Definition wanted, Target target) {
        boolean fillfactor = wanted.storageOptions().stream().anyMatch(o -> o.strip().toLowerCase(Locale.ROOT).startsWith("fillfactor"));
        String options = String.join(", ", wanted.storageOptions()) + (fillfactor ? "" : (wanted.storageOptions().isEmpty() ? "" : ", ") + "fillfactor = 90");
        hands.caller("CREATE TABLE " + Quoting.qualified(target.table())
                + wanted.accessMethod().map(m -> " USING " + Quoting.identifier(m)).orElse("")
                + " WITH (" + options + ")"
                + wanted.tablespace().map(t -> " TABLESPACE " + Quoting.identifier(t)).orElse("")
                + " AS SELECT * FROM " + Quoting.qualified(target.queryView()) + " WITH NO DATA");
        return oid(target.table());
    }

    private void createRunFunction(String schema, long id, Target target, QuerySettings settings) {
        String function = Quoting.qualified(schema, "run_" + id);
        long owner = hands.one("SELECT oid::int8 AS oid FROM pg_roles WHERE rolname = " + Quoting.literal(opening.role())).number("oid");
        hands.caller(RunFunction.create(function, Quoting.qualified(target.queryView()), owner, settings));
        hands.caller("REVOKE ALL ON FUNCTION " + function + "(text) FROM PUBLIC");
        hands.caller("GRANT EXECUTE ON FUNCTION " + function + "(text) TO " + Quoting.identifier(identity.role()));
        hands.engine("ALTER FUNCTION " + function + "(text) SET SCHEMA pgtrickle_state");
    }

    private long oid(QualifiedName name) {
        return hands.one("SELECT to_regclass(" + Quoting.literal(Quoting.qualified(name)) + ")::oid::int8 AS oid").number("oid");
    }

    private void explainMode(Options.Mode mode, String name, StreamPlan plan) {
        String reasons = String.join("; ", plan.fullReasons());
        if (mode == Options.Mode.DIFFERENTIAL && !plan.differential()) {
            throw EngineException.withDetail(
                    ErrorCode.UNSUPPORTED_OPERATOR,
                    "unsupported operator for DIFFERENTIAL mode: " + plan.fullReasons().getFirst(),
                    "The query of \"" + name + "\" cannot be maintained incrementally: " + reasons + ".",
                    "Use refresh mode AUTO or FULL, or rewrite the query without it.");
        }
        if (mode == Options.Mode.AUTO && !plan.differential()) {
            hands.notice(
                    Hands.Level.WARNING, "01000",
                    "stream table \"" + name + "\" is refreshed in FULL mode: " + reasons,
                    Optional.of("Every refresh computes the whole query, because it cannot be maintained incrementally."),
                    Optional.of("Ask for refresh mode FULL to silence this warning."));
        }
    }

    /**
     * Its own statement, so that in READ COMMITTED its snapshot is newer than the locks of the capture. In one snapshot for the
     * whole block that cannot be: what was committed between it and new triggers is not captured.
     */
    private long populate(long id, Planner.Planned planned) {
        Pending pending = Pending.of(hands, id, identity.cluster()).orElseThrow();
        Refresher refresher = new Refresher(hands, identity.cluster());
        Refresher.Outcome outcome = refresher
                .full(pending, planned.plan(), new Decision(Decision.Action.FULL, Optional.empty()), "INITIAL");
        refresher.onceMore(id);
        return outcome.inserted();
    }
}
