// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.scheduler;

import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.EngineConnections;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices altered sources although no change of theirs is pending: a new partition whose rows nobody captures, triggers
 * disabled by hand. Every refresh checks the same; this is for stream tables that see nothing to refresh.
 */
final class SourceWatch {

    private static final Logger LOG = LoggerFactory.getLogger(SourceWatch.class);

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
            int found = connection.execute("""
                    UPDATE pgtrickle.pgt_stream_tables t SET needs_reinit = true
                    WHERE t.is_populated AND NOT t.needs_reinit AND (
                        t.function_oids IS NOT NULL AND t.function_hash IS DISTINCT FROM pgtrickle.pgt_function_hash(t.function_oids)
                        OR EXISTS (
                            SELECT FROM pgtrickle.pgt_dependencies d JOIN pg_class c ON c.oid = d.source_relid
                            WHERE d.pgt_id = t.pgt_id
                                AND d.schema_fingerprint IS DISTINCT FROM pgtrickle.pgt_fingerprint(d.source_relid, d.columns_used)))
                    RETURNING pgt_id""").rows().size();
            if (found > 0) {
                LOG.info("sources of {} stream tables were altered; they are computed anew", found);
                connection.execute("SELECT pg_notify('" + Scheduler.CHANNEL + "', '')");
            }
            lookedAt = snapshot;
        }
    }
}
