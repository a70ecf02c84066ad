// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.scheduler;

import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.EngineConnections;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices altered sources although no change of theirs is pending: a new partition whose rows nobody captures, triggers
 * disabled by hand; and altered stream tables. Every refresh checks the same; this is for stream tables that see nothing to refresh.
 */
final class SourceWatch {

    private static final Logger LOG = LoggerFactory.getLogger(SourceWatch.class);

    private static final String ALTERED = """
            FROM pgtrickle.pgt_stream_tables t JOIN pg_class v ON v.oid = t.pgt_relid
            WHERE t.is_populated AND NOT t.needs_reinit AND (
                t.table_fingerprint IS DISTINCT FROM pgtrickle.pgt_table_fingerprint(v.oid)
                OR t.function_oids IS NOT NULL AND t.function_hash IS DISTINCT FROM pgtrickle.pgt_function_hash(t.function_oids)
                OR EXISTS (
                    SELECT FROM pgtrickle.pgt_dependencies d JOIN pg_class c ON c.oid = d.source_relid
                    WHERE d.pgt_id = t.pgt_id
                        AND d.schema_fingerprint IS DISTINCT FROM pgtrickle.pgt_fingerprint(
                            d.source_relid, CASE WHEN NOT d.whole_rows THEN d.columns_used END)))""";

    private final EngineConnections connections;
    private String lookedAt = "";

    SourceWatch(EngineConnections connections) {
        this.connections = connections;
    }

    /** Used by one thread at a time. */
    void look() {
        try (EngineConnection connection = connections.borrow()) {
            String snapshot = String.valueOf(connection.execute("SELECT pg_current_snapshot()::text").single());
            if (snapshot.equals(lookedAt)) {
                return;
            }
            int found = connection.execute("SELECT t.pgt_id " + ALTERED).isEmpty() ? 0 : mark(connection);
            if (found > 0) {
                LOG.info("{} stream tables or sources of theirs were altered; they are computed anew", found);
                connection.execute("SELECT pg_notify('" + Scheduler.CHANNEL + "', '')");
            }
            lookedAt = snapshot;
        }
    }

    /** Looks again in a snapshot that is newer than the lock: a refresh may have dealt with it just now. */
    private static int mark(EngineConnection connection) {
        connection.execute("BEGIN");
        connection.execute("SELECT t.pgt_id " + ALTERED + " FOR UPDATE OF t SKIP LOCKED");
        int found = connection.execute("UPDATE pgtrickle.pgt_stream_tables SET needs_reinit = true WHERE pgt_id IN (SELECT t.pgt_id " + ALTERED
                + " FOR UPDATE OF t SKIP LOCKED) RETURNING pgt_id").rows().size();
        connection.execute("COMMIT");
        return found;
    }
}
