// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.refresh;

import io.pgtrickle.dvm.analysis.Planner;
import io.pgtrickle.dvm.frontier.Frontier;
import io.pgtrickle.dvm.frontier.Window;
import io.pgtrickle.dvm.plan.StreamPlan;
import io.pgtrickle.dvm.plan.Target;
import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.dvm.settings.Settings;
import io.pgtrickle.sql.render.Quoting;
import io.pgtrickle.sql.statement.QualifiedName;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
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
    private final Settings settings;
    private final String cluster;

    public Refresher(Hands hands, Settings settings, String cluster) {
        this.hands = hands;
        this.settings = settings;
        this.cluster = cluster;
    }

    /** What was done. */
    public record Outcome(Decision decision, Frontier frontier, long inserted, long updated, long deleted) {

        private static Outcome of(Decision decision, ProgramResult result) {
            return new Outcome(decision, result.frontier(), result.inserted(), result.updated(), result.deleted());
        }
    }

    /**
     * @param pending what was read under the locks
     * @param initiator SCHEDULER, MANUAL or INITIAL
     */
    public Outcome refresh(Pending pending, Planner.Planned planned, String initiator) {
        Decision decision = Decision.of(pending, planned.plan().differential(), planned.everyTime(), settings);
        return switch (decision.action()) {
            case NO_DATA -> {
                if (!hands.foreign()) {
                    hands.engine(noteNothingToDo(pending.id()));
                }
                yield new Outcome(decision, pending.frontier().orElseThrow(), 0, 0, 0);
            }
            case DIFFERENTIAL -> differential(pending, planned, decision, initiator);
            case FULL, REINITIALIZE -> full(pending, planned.plan(), decision, initiator);
        };
    }

    /** Not for a user's transaction, which a refresh without work shall leave without anything to flush. */
    public static String noteNothingToDo(long id) {
        return "UPDATE pgtrickle.pgt_stream_tables SET last_refresh_at = clock_timestamp(), data_timestamp = now() WHERE pgt_id IN ("
                + "SELECT pgt_id FROM pgtrickle.pgt_stream_tables WHERE pgt_id = " + id + " FOR UPDATE SKIP LOCKED)";
    }

    private Outcome differential(Pending pending, Planner.Planned planned, Decision decision, String initiator) {
        Map<Long, Window> windows = windows(pending, pending.frontier().orElseThrow());
        String program = planned.plan().differential(target(pending), windows);
        ProgramResult result = run(pending.id(), program, pending.rows() <= TINY);
        if (result.broken()) {
            LOG.warn("stream table {}.{} did not hold what its changes presuppose; it is computed anew", pending.schema(), pending.name());
            return full(pending, planned.plan(), new Decision(Decision.Action.REINITIALIZE, Optional.of("stored rows did not match the changes")), initiator);
        }
        save(pending, decision, result, initiator);
        return Outcome.of(decision, result);
    }

    /** Also the first population. */
    public Outcome full(Pending pending, StreamPlan plan, Decision decision, String initiator) {
        ProgramResult result = run(pending.id(), plan.full(target(pending)), false);
        save(pending, decision, result, initiator);
        return Outcome.of(decision, result);
    }

    /** Deletes every row. Not as the engine: the table's owner may have put triggers on it. */
    void empty(Pending pending) {
        run(pending.id(), """
                WITH gone AS (DELETE FROM %s RETURNING 1)
                SELECT pg_catalog.pg_current_snapshot()::text, 0::bigint, 0::bigint, count(*), 0::bigint, false FROM gone"""
                .formatted(Quoting.qualified(pending.schema(), pending.name())), false);
    }

    /**
     * In one snapshot the counts are exact and unchanged sources stay out of the program. Otherwise the program's own snapshot
     * is newer than the counts, and since its frontier covers every source it must consume every source.
     */
    private Map<Long, Window> windows(Pending pending, Frontier frontier) {
        boolean exact = hands.oneSnapshot() && !hands.foreign();
        Map<Long, Window> windows = new TreeMap<>();
        for (Pending.Source source : pending.sources()) {
            if (source.captured() && (!exact || source.rows() > 0)) {
                OptionalLong rows = exact ? OptionalLong.of(source.rows()) : OptionalLong.empty();
                windows.put(source.relation(), frontier.window(source.relation(), rows));
            }
        }
        return windows;
    }

    private static Target target(Pending pending) {
        return target(pending.schema(), pending.name(), pending.statePrefix());
    }

    public static Target target(String schema, String name, String statePrefix) {
        return new Target(
                QualifiedName.of(schema, name), QualifiedName.of("pgtrickle_state", statePrefix + "_query"), "pgtrickle_state", statePrefix);
    }

    private ProgramResult run(long id, String program, boolean tiny) {
        if (settings.get(Settings.LOG_MERGE_SQL)) {
            LOG.info("refresh of stream table {}:\n{}", id, program);
        }
        claim(id);
        long start = System.nanoTime();
        var row = hands.owner(id, """
                SELECT snapshot, rows_inserted, rows_updated, rows_deleted, delta_rows, broken, own_xid::text AS own_xid, own_cid
                FROM pgtrickle.pgt_run(%d, %s, %s, %s)""".formatted(id, Quoting.literal(program), tiny, hands.foreign()));
        return ProgramResult.of(row, cluster, (System.nanoTime() - start) / 1e6);
    }

    /**
     * The snapshot of a user's REPEATABLE READ block may be older than a refresh that has committed since: then nothing may be
     * applied, and the server says so with a serialization failure.
     */
    void claim(long id) {
        if (hands.foreign() && hands.oneSnapshot()) {
            hands.look("SELECT 1 AS claimed FROM pgtrickle.pgt_stream_tables WHERE pgt_id = " + id + " FOR NO KEY UPDATE");
        }
    }

    private void save(Pending pending, Decision decision, ProgramResult result, String initiator) {
        boolean differential = decision.action() == Decision.Action.DIFFERENTIAL;
        long changes = Math.max(1, pending.rows());
        // A sliding mean that small refreshes, which cost mostly their fixed part, must not spoil.
        String learnt = differential
                ? "last_differential_ms = " + result.millis() + (pending.rows() >= 1000
                        ? ", ms_per_change = coalesce(ms_per_change * 0.7 + " + 0.3 * result.millis() / changes + ", " + result.millis() / changes + ")"
                        : "")
                : "last_full_ms = " + result.millis();
        String effective = differential ? "DIFFERENTIAL" : "FULL";
        hands.engine(List.of(
                """
                UPDATE pgtrickle.pgt_stream_tables SET frontier = %s::jsonb, %s, status = 'ACTIVE', is_populated = true,
                    awaits_refresh = false, needs_reinit = false, data_timestamp = now(), last_refresh_at = clock_timestamp(),
                    consecutive_errors = 0, last_error_message = NULL, effective_refresh_mode = '%s',
                    pgt_schema = %s, pgt_name = %s,
                    total_refreshes = total_refreshes + 1, successful_refreshes = successful_refreshes + 1,
                    total_rows_inserted = total_rows_inserted + %d, total_rows_updated = total_rows_updated + %d,
                    total_rows_deleted = total_rows_deleted + %d, total_changes = total_changes + %d, total_ms = total_ms + %s
                WHERE pgt_id = %d""".formatted(
                        Quoting.literal(result.frontier().toJson()), learnt, effective,
                        Quoting.literal(pending.schema()), Quoting.literal(pending.name()),
                        result.inserted(), result.updated(), result.deleted(), pending.rows(), result.millis(), pending.id()),
                """
                INSERT INTO pgtrickle.pgt_refresh_history (pgt_id, start_time, end_time, action, rows_inserted, rows_updated,
                    rows_deleted, delta_row_count, was_full_fallback, reason, status, initiated_by)
                VALUES (%d, clock_timestamp() - interval '%s milliseconds', clock_timestamp(), '%s', %d, %d, %d, %d, %s, %s, 'COMPLETED', '%s')"""
                        .formatted(
                                pending.id(), result.millis(), decision.action(), result.inserted(), result.updated(), result.deleted(),
                                pending.rows(), !differential && pending.refreshMode().equals("DIFFERENTIAL") && !initiator.equals("INITIAL"),
                                decision.reason().map(Quoting::literal).orElse("NULL"), initiator)));
    }
}
