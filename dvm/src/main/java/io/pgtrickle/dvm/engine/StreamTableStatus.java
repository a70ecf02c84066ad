// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.engine;

import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.OwnHands;
import io.pgtrickle.dvm.session.Row;
import java.util.List;
import java.util.Optional;

/**
 * What a stream table is doing, for people who watch.
 *
 * @param rows the planner's estimate
 * @param stalenessMillis since its last refresh, also of one that found nothing to do
 * @param changes source rows consumed since it was made; the difference over time is its rate
 */
public record StreamTableStatus(
        long id, String schema, String name, String status, String refreshMode, boolean populated, long rows,
        Optional<Double> stalenessMillis, long refreshes, long changes, Optional<Double> lastDifferentialMillis,
        Optional<Double> lastFullMillis, Optional<String> lastError) {

    static List<StreamTableStatus> read(EngineConnection connection) {
        return new OwnHands(connection, false).ask("""
                SELECT t.pgt_id, t.pgt_schema, t.pgt_name, t.status, t.refresh_mode, t.is_populated,
                    greatest(c.reltuples, pg_stat_get_live_tuples(c.oid), 0)::int8 AS rows,
                    extract(epoch FROM clock_timestamp() - t.last_refresh_at) * 1000 AS staleness,
                    t.total_refreshes, t.total_changes, t.last_differential_ms, t.last_full_ms, t.last_error_message
                FROM pgtrickle.pgt_stream_tables t JOIN pg_class c ON c.oid = t.pgt_relid ORDER BY t.pgt_id""").stream()
                .map(StreamTableStatus::of)
                .toList();
    }

    private static StreamTableStatus of(Row row) {
        return new StreamTableStatus(
                row.number("pgt_id"), row.text("pgt_schema"), row.text("pgt_name"), row.text("status"), row.text("refresh_mode"),
                row.flag("is_populated"), row.number("rows"), row.real("staleness"), row.number("total_refreshes"),
                row.number("total_changes"), row.real("last_differential_ms"), row.real("last_full_ms"), row.find("last_error_message"));
    }
}
