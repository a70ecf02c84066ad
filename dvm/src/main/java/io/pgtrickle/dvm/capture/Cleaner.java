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
import java.util.stream.Collectors;

/**
 * Deletes what every consumer of a buffer has consumed, and vacuums: autovacuum is off for buffers, and the planner believes
 * an empty buffer to be empty only if it was vacuumed while empty (MEASURED.md 2), also one that was never used. Never TRUNCATE:
 * older snapshots may still need rows. Used by one thread at a time.
 */
public final class Cleaner {

    /** So few dead rows are not worth a VACUUM. */
    private static final long FEW = 1000;

    /** So many rows that somebody has not consumed are worth an index. */
    private static final long MANY = 50_000;

    private final EngineConnections connections;
    /** Rows deleted since the last VACUUM, by source. */
    private final Map<Long, Long> dead = new HashMap<>();

    public Cleaner(EngineConnections connections) {
        this.connections = connections;
    }

    public void clean() {
        try (EngineConnection connection = connections.borrow()) {
            List<Row> buffers = new OwnHands(connection, false).ask("""
                    SELECT source_relid::int8 AS source FROM pgtrickle.pgt_change_tracking
                    JOIN pg_class c ON c.oid = to_regclass('pgtrickle_changes.changes_' || source_relid)
                    WHERE pg_relation_size(c.oid) > 0 OR c.reltuples < 0""");
            for (Row row : buffers) {
                clean(connection, row.number("source"));
            }
        }
    }

    private void clean(EngineConnection connection, long source) {
        OwnHands hands = new OwnHands(connection, false);
        connection.execute("BEGIN");
        // A transaction that is making a consumer holds this shared: its frontier cannot be seen yet.
        if (Capture.claim(hands, source)) {
            List<Row> consumers = hands.ask("""
                    SELECT t.frontier::text AS frontier FROM pgtrickle.pgt_dependencies d JOIN pgtrickle.pgt_stream_tables t USING (pgt_id)
                    WHERE d.source_relid = %d AND d.cdc_mode IS NOT NULL AND t.frontier IS NOT NULL""".formatted(source));
            String consumed = consumers.stream()
                    .map(row -> "NOT (" + Frontier.parse(row.text("frontier")).window(source).condition("b") + ")")
                    .collect(Collectors.joining(" AND "));
            long deleted = connection.execute("DELETE FROM " + TriggerSql.buffer(source) + " b" + (consumed.isEmpty() ? "" : " WHERE " + consumed))
                    .rowsAffected();
            dead.merge(source, deleted, Long::sum);
        }
        connection.execute("COMMIT");
        vacuum(connection, hands, source);
    }

    /** When empty, or when most of what is read again and again is dead. */
    private void vacuum(EngineConnection connection, OwnHands hands, long source) {
        String buffer = TriggerSql.buffer(source);
        Row state = hands.one("""
                SELECT EXISTS (SELECT FROM %1$s) AS filled, pg_stat_get_live_tuples('%1$s'::regclass) AS live,
                    EXISTS (SELECT FROM pg_index WHERE indrelid = '%1$s'::regclass) AS indexed,
                    EXISTS (SELECT FROM pg_locks WHERE relation = '%1$s'::regclass AND pid <> pg_backend_pid()
                        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS used""".formatted(buffer));
        boolean filled = state.flag("filled");
        long live = state.number("live");
        if (filled && dead.getOrDefault(source, 0L) < Math.max(live, FEW)) {
            return;
        }
        dead.put(source, 0L);
        // A consumer lags behind: the others must not read past everything it has not consumed yet.
        if (filled && live > MANY && !state.flag("indexed")) {
            withoutWaiting(connection, "CREATE INDEX ON " + buffer + " (__pgt_xid)");
        } else if (!filled && state.flag("indexed")) {
            withoutWaiting(connection, "DROP INDEX pgtrickle_changes.changes_" + source + "___pgt_xid_idx");
        }
        // Without ANALYZE: the histogram would tell the planner that hardly any row is as young as those wanted.
        // While somebody uses the buffer, VACUUM would wait seconds for its chance to truncate it, and keep others waiting.
        connection.execute("VACUUM (SKIP_LOCKED" + (state.flag("used") ? ", TRUNCATE false) " : ") ") + buffer);
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
