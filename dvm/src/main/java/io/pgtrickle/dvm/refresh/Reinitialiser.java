// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.refresh;

import com.fasterxml.jackson.core.type.TypeReference;
import io.pgtrickle.dvm.analysis.Planner;
import io.pgtrickle.dvm.catalog.FactsJson;
import io.pgtrickle.dvm.catalog.QuerySettings;
import io.pgtrickle.dvm.catalog.StreamTableStore;
import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.dvm.error.ErrorCode;
import io.pgtrickle.dvm.plan.QueryFacts;
import io.pgtrickle.dvm.plan.StreamPlan;
import io.pgtrickle.dvm.plan.Target;
import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.dvm.session.Row;
import io.pgtrickle.sql.render.Quoting;
import java.util.List;
import java.util.Set;

/**
 * Makes everything below the visible table anew from the query view, because the plan can no longer be trusted: a source was
 * altered, triggers were disabled, the database was restored, the table has another owner. A FULL refresh has to follow in the
 * same transaction.
 */
public final class Reinitialiser {

    private final Hands hands;
    private final Planner planner;

    public Reinitialiser(Hands hands, Planner planner) {
        this.hands = hands;
        this.planner = planner;
    }

    /** @return the new plan */
    public Planner.Planned run(Pending pending) {
        if (pending.queryView().isEmpty()) {
            throw EngineException.withHint(
                    ErrorCode.SOURCE_DROPPED,
                    "a relation that stream table \"%s.%s\" reads was dropped".formatted(pending.schema(), pending.name()),
                    "Drop the stream table and create it again.");
        }
        Row stored = hands.ask("""
                SELECT t.query_view::int8 AS view, t.pgt_relid::int8 AS relation, t.requested_mode, to_json(t.state_tables)::text AS state_tables, t.facts::text AS facts,
                    quote_ident(o.rolname) AS quoted_owner, o.rolname AS owner, o.oid::int8 AS owner_oid
                FROM pgtrickle.pgt_stream_tables t JOIN pg_class c ON c.oid = t.pgt_relid JOIN pg_roles o ON o.oid = c.relowner
                WHERE t.pgt_id = %d""".formatted(pending.id())).stream()
                .findFirst()
                .orElseThrow(() -> EngineException.of(
                        ErrorCode.STREAM_TABLE_NOT_FOUND, "relation \"" + pending.name() + "\" does not exist"));
        checkColumns(pending, stored.number("view"));
        checkAlone(pending, stored.number("relation"));
        QuerySettings settings = QuerySettings.ofStreamTable(hands, pending.id());
        if (!pending.ownerUnchanged()) {
            handOver(pending, stored, settings);
        }
        QueryFacts before = FactsJson.read(stored.text("facts"));
        Planner.Planned planned = planner.plan(hands, stored.number("view"), settings);
        Target target = Refresher.target(pending.schema(), pending.name(), pending.statePrefix());
        Parts parts = new Parts(hands);
        parts.restoreGuard(target);
        parts.capture(planned, stored.text("owner"));
        parts.dropState(FactsJson.read(stored.text("state_tables"), new TypeReference<List<String>>() {}), pending.statePrefix());
        StreamPlan old = planner.replan(before).plan();
        if (!planned.plan().indexDdl(target).containsAll(old.indexDdl(target))) {
            old.key().ifPresent(key -> parts.dropUniqueIndex(pending.id(), key));
        }
        parts.createIndexes(planned.plan(), target, Set.copyOf(old.indexDdl(target)));
        parts.createState(planned.plan(), target, stored.number("relation"), stored.text("quoted_owner"));
        new StreamTableStore(hands).updatePlan(
                pending.id(),
                new StreamTableStore.PlanRow(
                        planned.facts(), planned.plan(), stored.text("requested_mode").equals("FULL"), planned.everyTime()));
        return planned;
    }

    /** The owner can ALTER TABLE what only a trigger protects. */
    private void checkColumns(Pending pending, long view) {
        String columns = "(SELECT json_agg(json_build_array(attname, atttypid::int8, atttypmod) ORDER BY attnum)::text FROM pg_attribute "
                + "WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped)";
        boolean same = hands.one("SELECT " + columns.formatted(view) + " IS NOT DISTINCT FROM " + columns.formatted("t.pgt_relid")
                + " AS same FROM pgtrickle.pgt_stream_tables t WHERE t.pgt_id = " + pending.id()).flag("same");
        if (!same) {
            throw EngineException.withHint(
                    ErrorCode.SOURCE_CHANGED,
                    "the columns of stream table \"%s.%s\" are no longer those of its query".formatted(pending.schema(), pending.name()),
                    "Undo the ALTER TABLE, or drop the stream table and create it again.");
        }
    }

    /** Rows could be changed through a parent, and a child's rows are shown among its own. */
    private void checkAlone(Pending pending, long relation) {
        if (hands.one("SELECT EXISTS (SELECT FROM pg_inherits WHERE %1$d IN (inhrelid, inhparent)) AS related".formatted(relation)).flag("related")) {
            throw EngineException.withHint(
                    ErrorCode.SOURCE_CHANGED,
                    "stream table \"%s.%s\" inherits from another table or is inherited from".formatted(pending.schema(), pending.name()),
                    "Undo it by ALTER TABLE ... NO INHERIT or DETACH PARTITION.");
        }
    }

    /** The query runs with the rights of whoever owns the visible table now, and with the settings it was made with. */
    private void handOver(Pending pending, Row stored, QuerySettings settings) {
        String owner = stored.text("quoted_owner");
        String function = "pgtrickle_state.run_" + pending.id();
        // Only a superuser may give an object to somebody without CREATE on its schema; the grant ends with this transaction's.
        hands.engine("GRANT CREATE ON SCHEMA pgtrickle_state TO " + owner);
        hands.engine(RunFunction.create(function, Quoting.qualified("pgtrickle_state", pending.queryView().orElseThrow()), stored.number("owner_oid"), settings));
        hands.engine("ALTER FUNCTION " + function + "(text) OWNER TO " + owner);
        hands.engine("ALTER VIEW " + Quoting.qualified("pgtrickle_state", pending.queryView().orElseThrow()) + " OWNER TO " + owner);
        hands.engine("REVOKE CREATE ON SCHEMA pgtrickle_state FROM " + owner);
    }
}
