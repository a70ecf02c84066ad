// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.engine;

import io.pgtrickle.dvm.refresh.OwnRefresh;
import io.pgtrickle.dvm.refresh.Plans;
import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.EngineConnections;
import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.dvm.session.OwnHands;
import io.pgtrickle.dvm.session.Row;
import io.pgtrickle.sql.render.Quoting;

/**
 * Invariant I1 as a question: refreshed at a snapshot, does the table hold what its query returns at that snapshot? Compared
 * as bags of text images, by two order-independent sums over the rows' hashes and their count.
 */
final class SelfCheck {

    private final EngineConnections connections;
    private final Plans plans;
    private final String cluster;

    SelfCheck(EngineConnections connections, Plans plans, String cluster) {
        this.connections = connections;
        this.plans = plans;
        this.cluster = cluster;
    }

    boolean equalsItsQuery(long id) {
        try (EngineConnection connection = connections.borrow()) {
            Row names = new OwnHands(connection, false).one("""
                    SELECT t.pgt_relid::regclass::text AS name, v.relname AS view
                    FROM pgtrickle.pgt_stream_tables t JOIN pg_class v ON v.oid = t.query_view WHERE t.pgt_id = %d"""
                    .formatted(id));
            OwnRefresh refresh = new OwnRefresh(plans, cluster);
            // First what has to be made anew, which takes a transaction of its own.
            refresh.run(connections, id, "MANUAL");
            Hands hands = refresh.inSnapshot(connection, id, "MANUAL").hands();
            String stored = fingerprint(hands, id, names.text("name"));
            String wanted = fingerprint(hands, id, "pgtrickle_state." + Quoting.identifier(names.text("view")));
            connection.execute("COMMIT");
            return stored.equals(wanted);
        }
    }

    /** Through the run function, because the query may only run with the owner's rights; its columns carry our answer. */
    private static String fingerprint(Hands hands, long id, String relation) {
        String program = """
                SELECT count(*)::text || ' ' || coalesce(sum(hashtextextended(r::text, 1)::numeric), 0) || ' '
                    || coalesce(sum(hashtextextended(r::text, 2)::numeric), 0), 0::bigint, 0::bigint, 0::bigint, 0::bigint, false
                FROM (SELECT x FROM %s AS x) AS q(r)""".formatted(relation);
        return hands.owner(id, false, "SELECT snapshot FROM pgtrickle.pgt_run(" + id + ", " + Quoting.literal(program) + ", false, false)").text("snapshot");
    }
}
