// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.refresh;

import io.pgtrickle.dvm.analysis.Planner;
import io.pgtrickle.dvm.frontier.Frontier;
import io.pgtrickle.dvm.frontier.Slice;
import io.pgtrickle.dvm.frontier.Window;
import io.pgtrickle.dvm.plan.StreamPlan;
import io.pgtrickle.dvm.plan.Target;
import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.dvm.session.Row;
import io.pgtrickle.dvm.settings.Settings;
import io.pgtrickle.sql.render.Quoting;
import io.pgtrickle.sql.statement.QualifiedName;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Refreshes one stream table in the transaction its hands work in, whose refresh lock and sources are locked already. A
 * program is one statement, so that it is exact at every isolation level.
 */
public final class Refresher {

    private static final Logger LOG = LoggerFactory.getLogger(Refresher.class);

    /** Up to so many changes the planner is kept from scanning whole tables (MEASURED.md 2). */
    private static final long TINY = 32;

    private final Hands hands;
    private final String cluster;

    public Refresher(Hands hands, String cluster) {
        this.hands = hands;
        this.cluster = cluster;
    }

    /** What was done. */
    public record Outcome(long id, Decision decision, Frontier frontier, long inserted, long updated, long deleted) {}

    /**
     * @param pending what was read under the locks
     * @param initiator SCHEDULER, MANUAL or INITIAL
     * @return empty if the changes could not be applied: everything has to be computed anew
     */
    public Optional<Outcome> refresh(Pending pending, Planner.Planned planned, String initiator) {
        Decision decision = Decision.of(
                pending, planned.plan().differential(), planned.plan().tooManyTogether(pending.changed()),
                planned.plan().changedTogether(pending.changed()), planned.everyTime());
        return switch (decision.action()) {
            case NO_DATA -> {
                if (!hands.foreign()) {
                    hands.engine(noteNothingToDo(pending.id()));
                }
                yield Optional.of(new Outcome(pending.id(), decision, pending.frontier().orElseThrow(), 0, 0, 0));
            }
            case DIFFERENTIAL -> differential(pending, planned, decision, initiator);
            case FULL, REINITIALIZE -> {
                Outcome outcome = full(pending, planned.plan(), decision, initiator);
                if (pending.anyTruncated()) {
                    onceMore(pending.id());
                }
                yield Optional.of(outcome);
            }
        };
    }

    /** Not for a user's transaction, which a refresh without work shall leave without anything to flush. */
    public static String noteNothingToDo(long id) {
        return "UPDATE pgtrickle.pgt_stream_tables SET last_refresh_at = clock_timestamp(), data_timestamp = now() WHERE pgt_id IN ("
                + "SELECT pgt_id FROM pgtrickle.pgt_stream_tables WHERE pgt_id = " + id + " FOR UPDATE SKIP LOCKED)";
    }

    private Optional<Outcome> differential(Pending pending, Planner.Planned planned, Decision decision, String initiator) {
        boolean tooMany = KnownRefresh.tooMany(planned.plan());
        Map<Long, Slice> slices = slices(pending, tooMany || planned.plan().sources().size() > KnownRefresh.MOST_SOURCES);
        Optional<Outcome> outcome = run(pending, planned.plan().differential(target(pending), slices), decision, initiator);
        if (outcome.isPresent() || tooMany || slices.values().stream().noneMatch(Slice::isQuiet)) {
            return outcome;
        }
        return run(pending, planned.plan().differential(target(pending), slices(pending, false)), decision, initiator);
    }

    /** Also the first population. */
    public Outcome full(Pending pending, StreamPlan plan, Decision decision, String initiator) {
        return run(pending, plan.full(target(pending)), decision, initiator)
                .orElseThrow(() -> new IllegalStateException("a full program presupposes nothing"));
    }

    /**
     * A user's block with one snapshot may have taken away rows that it cannot see (TRUNCATE, DROP, DETACH) or meet what was written
     * past the capture: the next refresh must not apply changes, but compute everything in a snapshot of its own.
     */
    public void onceMore(long id) {
        if (hands.foreign() && hands.oneSnapshot()) {
            hands.engine("UPDATE pgtrickle.pgt_stream_tables SET needs_reinit = true WHERE pgt_id = " + id);
        }
    }

    /** Deletes every row. Not as the engine: the table's owner may have put triggers on it. */
    void empty(Pending pending) {
        claim(pending.id());
        String program = """
                WITH gone AS (DELETE FROM %s RETURNING 1)
                SELECT pg_catalog.pg_current_snapshot()::text, 0::bigint, 0::bigint, count(*), 0::bigint, false FROM gone"""
                .formatted(Quoting.qualified(pending.schema(), pending.name()));
        hands.owner(pending.id(), pending.ownerIsLogin(), "SELECT snapshot FROM pgtrickle.pgt_run(%d, %s, false, %s)"
                .formatted(pending.id(), Quoting.literal(program), hands.foreign()));
    }

    /**
     * In one snapshot the counts are exact and unchanged sources stay out of the program. Otherwise the program's own snapshot
     * is newer than the counts, and since its frontier covers every source it must consume every source.
     *
     * @param wide whether a program for all of them would be so long that it only makes sure that there is still nothing where there was nothing
     */
    private Map<Long, Slice> slices(Pending pending, boolean wide) {
        Frontier frontier = pending.frontier().orElseThrow();
        boolean exact = hands.oneSnapshot() && !hands.foreign();
        Map<Long, Slice> slices = new TreeMap<>();
        for (Pending.Source source : pending.sources()) {
            if (source.captured() && (!exact || source.rows() > 0)) {
                Window window = frontier.window(source.relation());
                slices.put(source.relation(), exact ? window.exactly(source.rows())
                        : source.rows() == 0 && wide ? window.quiet() : window.about(source.rows()));
            }
        }
        return slices;
    }

    static Target target(Pending pending) {
        return target(pending.schema(), pending.name(), pending.statePrefix());
    }

    public static Target target(String schema, String name, String statePrefix) {
        return new Target(
                QualifiedName.of(schema, name), QualifiedName.of("pgtrickle_state", statePrefix + "_query"), "pgtrickle_state", statePrefix);
    }

    /** Empty if the changes could not be applied. */
    private Optional<Outcome> run(Pending pending, String program, Decision decision, String initiator) {
        if (pending.settings().get(Settings.LOG_MERGE_SQL)) {
            LOG.info("refresh of stream table {}.{}:\n{}", pending.schema(), pending.name(), program);
        }
        boolean differential = decision.action() == Decision.Action.DIFFERENTIAL;
        boolean tiny = differential && pending.rows() <= TINY;
        boolean fallback = !differential && pending.refreshMode().equals("DIFFERENTIAL") && !initiator.equals("INITIAL");
        Row row = hands.owner(pending.id(), pending.ownerIsLogin(), """
                SELECT frontier, rows_inserted, rows_updated, rows_deleted, broken
                FROM pgtrickle.pgt_refresh(%d, %s, tiny => %s, own => %s, cluster => %s, action => '%s', reason => %s,
                    fallback => %s, initiated_by => '%s', changes => %d)""".formatted(
                pending.id(), Quoting.literal(program), tiny, hands.foreign(), Quoting.literal(cluster), decision.action(),
                decision.reason().map(Quoting::literal).orElse("NULL"), fallback, initiator, pending.rows()));
        return row.flag("broken") ? Optional.empty() : Optional.of(outcome(pending, decision, row.text("frontier"), row));
    }

    private static Outcome outcome(Pending pending, Decision decision, String frontier, Row row) {
        return new Outcome(
                pending.id(), decision, Frontier.parse(frontier), row.number("rows_inserted"), row.number("rows_updated"),
                row.number("rows_deleted"));
    }

    /** After the server has run a known program on its own. @return empty as for {@link #refresh} */
    static Optional<Outcome> ran(Pending pending, Row row) {
        Decision decision = new Decision(Decision.Action.DIFFERENTIAL, Optional.empty());
        return row.flag("broken") ? Optional.empty() : Optional.of(outcome(pending, decision, row.text("new_frontier"), row));
    }

    /** For what comes before a program; pgt_refresh does the same for the program. */
    void claim(long id) {
        if (hands.foreign() && hands.oneSnapshot()) {
            hands.look("SELECT 1 AS claimed FROM pgtrickle.pgt_stream_tables WHERE pgt_id = " + id + " FOR NO KEY UPDATE");
        }
    }
}
