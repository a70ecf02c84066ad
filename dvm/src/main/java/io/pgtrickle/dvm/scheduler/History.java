// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.scheduler;

import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.EngineConnections;
import io.pgtrickle.dvm.settings.Settings;

/** Keeps the tables that only ever grow from doing so. */
final class History {

    private final EngineConnections connections;

    History(EngineConnections connections) {
        this.connections = connections;
    }

    void prune(Settings settings) {
        try (EngineConnection connection = connections.borrow()) {
            int days = settings.get(Settings.HISTORY_RETENTION_DAYS);
            if (days > 0) {
                connection.execute("DELETE FROM pgtrickle.pgt_refresh_history WHERE data_timestamp < now() - interval '" + days + " days'");
            }
            int rows = settings.get(Settings.HISTORY_RETENTION_ROWS);
            if (rows > 0) {
                connection.execute("""
                        DELETE FROM pgtrickle.pgt_refresh_history h USING (
                            SELECT refresh_id FROM (
                                SELECT refresh_id, row_number() OVER (PARTITION BY pgt_id ORDER BY refresh_id DESC) AS n
                                FROM pgtrickle.pgt_refresh_history) numbered
                            WHERE n > %d) old
                        WHERE h.refresh_id = old.refresh_id""".formatted(rows));
            }
            // Rows of transactions that have ended; those still running keep theirs, because theirs cannot be seen.
            connection.execute("DELETE FROM pgtrickle.pgt_nonces");
        }
    }
}
