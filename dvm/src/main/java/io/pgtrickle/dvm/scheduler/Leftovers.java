// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.scheduler;

import com.fasterxml.jackson.core.type.TypeReference;
import io.pgtrickle.dvm.capture.Capture;
import io.pgtrickle.dvm.catalog.FactsJson;
import io.pgtrickle.dvm.refresh.Orphans;
import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.EngineConnections;
import io.pgtrickle.dvm.session.OwnHands;
import io.pgtrickle.dvm.session.Row;
import io.pgtrickle.dvm.session.SqlFailure;
import io.pgtrickle.sql.render.Quoting;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Removes what nobody needs any more: stream tables whose query was dropped, parts of those whose visible table was dropped,
 * captures without a consumer.
 */
final class Leftovers {

    private static final Logger LOG = LoggerFactory.getLogger(Leftovers.class);

    private final EngineConnections connections;
    private final String cluster;

    Leftovers(EngineConnections connections, String cluster) {
        this.connections = connections;
        this.cluster = cluster;
    }

    void remove() {
        try (EngineConnection connection = connections.borrow()) {
            OwnHands hands = new OwnHands(connection, false);
            Orphans orphans = new Orphans(hands, cluster);
            for (long relation : orphans.find()) { // what reads them is found in the next round
                inTransaction(connection, () -> orphans.drop(relation));
            }
            for (Row row : hands.ask("""
                    SELECT t.pgt_id, t.state_prefix, v.relname AS query_view, to_json(t.state_tables)::text AS state
                    FROM pgtrickle.pgt_stream_tables t LEFT JOIN pg_class v ON v.oid = t.query_view
                    WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.pgt_relid)""")) {
                inTransaction(connection, () -> removeParts(hands, row));
            }
            for (Row row : hands.ask("""
                    SELECT k.source_relid::int8 AS source FROM pgtrickle.pgt_change_tracking k
                    WHERE NOT EXISTS (SELECT FROM pgtrickle.pgt_dependencies d WHERE d.source_relid = k.source_relid AND d.cdc_mode IS NOT NULL)""")) {
                inTransaction(connection, () -> removeCapture(hands, row.number("source")));
            }
        }
    }

    /** Never waits for long: it would make others wait behind it. One that fails does not keep the next from being removed. */
    private static void inTransaction(EngineConnection connection, Runnable work) {
        try {
            connection.execute("BEGIN");
            connection.execute("SET LOCAL lock_timeout = 200");
            work.run();
            connection.execute("COMMIT");
        } catch (SqlFailure e) {
            connection.execute("ROLLBACK");
            // What somebody has locked or is dropping at this moment is looked at again in the next round.
            LOG.atLevel(e.isConflict() || e.isMissing() ? Level.DEBUG : Level.WARN)
                    .log("what a dropped stream table or source left behind will be removed later: {}", e.getMessage());
        }
    }

    private static void removeParts(OwnHands hands, Row row) {
        long id = row.number("pgt_id");
        row.find("query_view").ifPresent(view -> hands.engine("DROP VIEW IF EXISTS " + Quoting.qualified("pgtrickle_state", view) + " CASCADE"));
        for (String suffix : FactsJson.read(row.text("state"), new TypeReference<List<String>>() {})) {
            hands.engine("DROP TABLE IF EXISTS " + Quoting.qualified("pgtrickle_state", row.text("state_prefix") + suffix));
        }
        hands.engine("DROP TABLE IF EXISTS pgtrickle_state.lock_" + id);
        hands.engine("DROP FUNCTION IF EXISTS pgtrickle_state.run_" + id + "(text)");
        hands.engine("DELETE FROM pgtrickle.pgt_stream_tables WHERE pgt_id = " + id);
        hands.engine("DELETE FROM pgtrickle.pgt_refresh_history WHERE pgt_id = " + id);
    }

    /** Not while somebody is making a consumer of it. */
    private static void removeCapture(OwnHands hands, long source) {
        boolean free = Capture.claim(hands, source);
        boolean needed = !hands.ask("SELECT 1 AS one FROM pgtrickle.pgt_dependencies WHERE cdc_mode IS NOT NULL AND source_relid = " + source).isEmpty();
        if (free && !needed) {
            new Capture(hands).remove(source);
        }
    }
}
