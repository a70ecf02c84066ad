// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.capture;

import io.pgtrickle.dvm.frontier.Frontier;
import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.EngineConnections;
import io.pgtrickle.dvm.session.OwnHands;
import io.pgtrickle.dvm.session.Row;
import io.pgtrickle.dvm.session.SqlFailure;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/**
 * Deletes what every consumer of a buffer has consumed, and vacuums: autovacuum is off for buffers, and the planner believes
 * an empty buffer to be small only if it was vacuumed while empty (MEASURED.md 2). Never TRUNCATE: older snapshots may still
 * need rows. Used by one thread at a time.
 */
public final class Cleaner {

    private static final long VACUUM_EVERY = 5_000_000_000L;
    private static final long VACUUM_LARGE_EVERY = 30_000_000_000L;
    private static final long LARGE = 4L << 20;

    private final EngineConnections connections;
    private final Map<Long, Long> vacuumedAt = new HashMap<>();

    public Cleaner(EngineConnections connections) {
        this.connections = connections;
    }

    public void clean() {
        try (EngineConnection connection = connections.borrow()) {
            List<Row> buffers = new OwnHands(connection, false).ask("""
                    SELECT source_relid::int8 AS source FROM pgtrickle.pgt_change_tracking
                    WHERE pg_relation_size(to_regclass('pgtrickle_changes.changes_' || source_relid)) > 0""");
            for (Row row : buffers) {
                clean(connection, row.number("source"));
            }
        }
    }

    private void clean(EngineConnection connection, long source) {
        OwnHands hands = new OwnHands(connection, false);
        connection.execute("BEGIN");
        // A transaction that is making a consumer holds this shared: its frontier cannot be seen yet.
        boolean mayClean = hands.one(
                "SELECT pg_try_advisory_xact_lock(" + Capture.BUFFER_LOCK + ", " + (int) source + ") AS free").flag("free");
        if (mayClean) {
            List<Row> consumers = hands.ask("""
                    SELECT t.frontier::text AS frontier FROM pgtrickle.pgt_dependencies d JOIN pgtrickle.pgt_stream_tables t USING (pgt_id)
                    WHERE d.source_relid = %d AND d.cdc_mode IS NOT NULL AND t.frontier IS NOT NULL""".formatted(source));
            String consumed = consumers.stream()
                    .map(row -> "NOT (" + Frontier.parse(row.text("frontier")).window(source, OptionalLong.empty()).condition("b") + ")")
                    .collect(Collectors.joining(" AND "));
            connection.execute("DELETE FROM " + TriggerSql.buffer(source) + " b" + (consumed.isEmpty() ? "" : " WHERE " + consumed));
        }
        connection.execute("COMMIT");
        vacuum(connection, hands, source);
    }

    private void vacuum(EngineConnection connection, OwnHands hands, long source) {
        String buffer = TriggerSql.buffer(source);
        Row state = hands.one("""
                SELECT EXISTS (SELECT FROM %1$s) AS filled, pg_relation_size('%1$s') AS size,
                    EXISTS (SELECT FROM pg_index WHERE indrelid = '%1$s'::regclass) AS indexed""".formatted(buffer));
        boolean large = state.number("size") > LARGE;
        long every = large ? VACUUM_LARGE_EVERY : VACUUM_EVERY;
        long now = System.nanoTime();
        if (state.number("size") == 0 || state.flag("filled") && !large || now - vacuumedAt.getOrDefault(source, now - every) < every) {
            return;
        }
        vacuumedAt.put(source, now);
        // A consumer lags behind: the others must not read past everything it has not consumed yet.
        if (state.flag("filled") && !state.flag("indexed")) {
            withoutWaiting(connection, "CREATE INDEX ON " + buffer + " (__pgt_xid)");
        } else if (!state.flag("filled") && state.flag("indexed")) {
            withoutWaiting(connection, "DROP INDEX pgtrickle_changes.changes_" + source + "___pgt_xid_idx");
        }
        connection.execute((large ? "VACUUM (SKIP_LOCKED, ANALYZE) " : "VACUUM (SKIP_LOCKED) ") + buffer);
    }

    /** Writers would queue behind a lock that is waited for. */
    private static void withoutWaiting(EngineConnection connection, String ddl) {
        try {
            connection.batch(List.of("BEGIN", "SET LOCAL lock_timeout = 100", ddl, "COMMIT"));
        } catch (SqlFailure e) {
            connection.execute("ROLLBACK");
            if (!e.sqlState().equals("55P03")) {
                throw e;
            }
        }
    }
}
