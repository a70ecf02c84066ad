// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.scheduler;

import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.EngineConnections;
import io.pgtrickle.dvm.session.OwnHands;
import io.pgtrickle.dvm.session.Row;
import io.pgtrickle.dvm.session.SqlFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Analyses stream tables and their state tables once they have been filled; nobody's plans should have to guess until
 * autovacuum comes by. Afterwards they are autovacuum's, like any table.
 */
final class Statistics {

    private static final Logger LOG = LoggerFactory.getLogger(Statistics.class);

    private final EngineConnections connections;

    Statistics(EngineConnections connections) {
        this.connections = connections;
    }

    void analyze() {
        try (EngineConnection connection = connections.borrow()) {
            for (Row table : new OwnHands(connection, false).ask("""
                    SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name
                    FROM pgtrickle.pgt_stream_tables t
                    JOIN pg_class c ON c.oid = t.pgt_relid
                        OR c.relnamespace = 'pgtrickle_state'::regnamespace AND c.relname IN (SELECT t.state_prefix || unnest(t.state_tables))
                    JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE t.is_populated AND c.reltuples < 0""")) {
                analyze(connection, table.text("name"));
            }
        }
    }

    private static void analyze(EngineConnection connection, String table) {
        try {
            connection.execute("ANALYZE (SKIP_LOCKED) " + table);
        } catch (SqlFailure dropped) {
            LOG.debug("{} not analysed: {}", table, dropped.getMessage());
        }
    }
}
