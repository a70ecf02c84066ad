// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.capture;

import io.pgtrickle.dvm.frontier.Frontier;
import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.EngineConnections;
import io.pgtrickle.dvm.session.OwnHands;
import io.pgtrickle.dvm.session.Row;
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
    private static final long LARGE = 8L << 20;

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
        long now = System.nanoTime();
        if (now - vacuumedAt.getOrDefault(source, now - VACUUM_EVERY) < VACUUM_EVERY) {
            return;
        }
        Row state = hands.one("SELECT EXISTS (SELECT FROM %1$s) AS filled, pg_relation_size('%1$s') AS size".formatted(TriggerSql.buffer(source)));
        if (!state.flag("filled") && state.number("size") > 0 || state.number("size") > LARGE) {
            connection.execute("VACUUM " + TriggerSql.buffer(source));
            vacuumedAt.put(source, now);
        }
    }
}
