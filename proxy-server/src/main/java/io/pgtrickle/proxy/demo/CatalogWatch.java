// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.demo;

import io.pgtrickle.proxy.probe.FrontDoor;
import io.pgtrickle.proxy.probe.Sql;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;

/** Reads from pgtrickle's catalog how the stream tables are doing, as any monitoring would. */
final class CatalogWatch {

    private static final Duration INTERVAL = Duration.ofMillis(500);
    private static final int INTERVALS_BETWEEN_COUNTS = 4;

    /** The last refresh is the last one that had something to do. */
    private static final String STATUS =
            """
            SELECT t.pgt_name, t.status, t.consecutive_errors, coalesce(t.last_error_message, '') AS error,
              1000 * extract(epoch FROM clock_timestamp() - t.last_refresh_at)::float8 AS staleness_ms,
              t.total_rows_inserted + t.total_rows_updated + t.total_rows_deleted AS changes,
              coalesce(h.action, '') AS action,
              coalesce(1000 * extract(epoch FROM h.end_time - h.start_time), 0)::float8 AS refresh_ms
            FROM pgtrickle.pgt_stream_tables t
            LEFT JOIN LATERAL (
              SELECT action, start_time, end_time FROM pgtrickle.pgt_refresh_history
              WHERE pgt_id = t.pgt_id AND status = 'COMPLETED' AND action <> 'NO_DATA' AND initiated_by <> 'INITIAL'
              ORDER BY data_timestamp DESC LIMIT 1) h ON true
            WHERE t.pgt_schema = 'public'""";

    private final FrontDoor door;
    private final Board board;

    CatalogWatch(FrontDoor door, Board board) {
        this.door = door;
        this.board = board;
    }

    void run(Loop loop) throws SQLException, InterruptedException {
        try (Connection connection = door.connect("pgtrickle demo view")) {
            int round = 0;
            do {
                if (round++ % INTERVALS_BETWEEN_COUNTS == 0) {
                    for (ShopView view : ShopView.ALL) {
                        board.rows(view, Sql.number(connection, "SELECT count(*) FROM " + view.name()));
                    }
                }
                long now = System.nanoTime();
                List<TableStatus> all = Sql.rows(connection, STATUS, row -> status(row, now));
                all.forEach(board::status);
            } while (loop.pause(INTERVAL));
        }
    }

    private static TableStatus status(ResultSet row, long now) throws SQLException {
        return new TableStatus(
                row.getString("pgt_name"),
                now,
                row.getString("status"),
                row.getInt("consecutive_errors"),
                row.getString("error"),
                row.getDouble("staleness_ms"),
                row.getLong("changes"),
                row.getString("action"),
                row.getDouble("refresh_ms"));
    }
}
