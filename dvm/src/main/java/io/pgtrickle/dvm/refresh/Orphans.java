// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.refresh;

import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.sql.render.Quoting;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stream tables whose query went by somebody's DROP … CASCADE: they go too, as a materialized view goes with what it reads. To
 * PostgreSQL the visible table depends on nothing, only the query view does. A query view that is gone although everything it
 * read is there was dropped by hand, and that stays an error.
 */
public final class Orphans {

    private static final Logger LOG = LoggerFactory.getLogger(Orphans.class);

    private final Hands hands;
    private final String cluster;

    public Orphans(Hands hands, String cluster) {
        this.hands = hands;
        this.cluster = cluster;
    }

    private record Orphan(long id, long relation, String name) {}

    /** The visible tables of those there are. */
    public List<Long> find() {
        return find("true").stream().map(Orphan::relation).toList();
    }

    /** Drops the visible table, with what depends on it. @return whether it was one of them */
    public boolean drop(long relation) {
        // Looked at again, because somebody else may have dropped it before the lock was there.
        Optional<Orphan> found = orphan(relation).filter(orphan -> Parts.lockAgainstAll(hands, orphan.id())).flatMap(_ -> orphan(relation));
        found.ifPresent(orphan -> {
            hands.engine("DROP TABLE " + orphan.name() + " CASCADE");
            LOG.info("stream table {} is dropped: something that it read was dropped with CASCADE", orphan.name());
        });
        return found.isPresent();
    }

    private Optional<Orphan> orphan(long relation) {
        return find("t.pgt_relid = " + relation).stream().findFirst();
    }

    /** OIDs mean something only in the database they come from: in a restored one, one may be somebody else's. */
    private List<Orphan> find(String which) {
        return hands.ask("""
                SELECT t.pgt_id AS id, t.pgt_relid::int8 AS relation, format('%%I.%%I', n.nspname, c.relname) AS name
                FROM pgtrickle.pgt_stream_tables t JOIN pg_class c ON c.oid = t.pgt_relid JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE %s AND NOT EXISTS (SELECT FROM pg_class v WHERE v.oid = t.query_view)
                    AND to_regclass(format('pgtrickle_state.%%I', t.state_prefix || '_query')) IS NULL
                    AND coalesce(t.frontier->>'cluster' = %s, (c.relname, n.nspname) = (t.pgt_name, t.pgt_schema))
                    AND EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgfoid = 'pgtrickle.pgt_guard'::regproc)
                    AND (EXISTS (SELECT FROM unnest(t.function_oids) f WHERE f NOT IN (
                            SELECT oid FROM pg_proc WHERE oid = f UNION ALL SELECT oid FROM pg_operator WHERE oid = f
                            UNION ALL SELECT oid FROM pg_type WHERE oid = f UNION ALL SELECT oid FROM pg_collation WHERE oid = f
                            UNION ALL SELECT oid FROM pg_ts_config WHERE oid = f UNION ALL SELECT oid FROM pg_class WHERE oid = f
                            UNION ALL SELECT oid FROM pg_roles WHERE oid = f))
                        OR EXISTS (SELECT FROM pgtrickle.pgt_dependencies d LEFT JOIN pg_class s ON s.oid = d.source_relid
                            WHERE d.pgt_id = t.pgt_id AND (s.oid IS NULL OR EXISTS (
                                SELECT FROM unnest(d.columns_used) AS used(name) WHERE NOT EXISTS (
                                    SELECT FROM pg_attribute a WHERE a.attrelid = s.oid AND a.attname = used.name AND NOT a.attisdropped)))))
                ORDER BY 1""".formatted(which, Quoting.literal(cluster))).stream()
                .map(row -> new Orphan(row.number("id"), row.number("relation"), row.text("name")))
                .toList();
    }
}
