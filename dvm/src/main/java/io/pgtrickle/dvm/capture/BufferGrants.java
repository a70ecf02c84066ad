// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.capture;

import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.EngineConnections;
import io.pgtrickle.dvm.session.OwnHands;
import io.pgtrickle.dvm.session.Row;
import java.util.List;

/**
 * Who may no longer read a column of a source, or only some of its rows, may not read its changes either (DELTA.md 8). A REVOKE
 * tells nobody, so upkeep looks. The stream tables that need the buffer are made anew at their next refresh, which grants
 * again what is allowed again; until then they fail, as a materialized view's REFRESH would. Used by one thread at a time.
 */
public final class BufferGrants {

    private static final String STALE = """
            SELECT DISTINCT k.source_relid::int8 AS source, b.oid::regclass::text AS buffer, g.grantee::int8 AS grantee, quote_ident(r.rolname) AS role
            FROM pgtrickle.pgt_change_tracking k
            JOIN pg_class s ON s.oid = k.source_relid
            JOIN pg_class b ON b.oid = to_regclass('pgtrickle_changes.changes_' || k.source_relid)
            JOIN pg_attribute a ON a.attrelid = b.oid AND a.attacl IS NOT NULL
            JOIN pg_attribute c ON c.attrelid = s.oid AND c.attname = a.attname AND NOT c.attisdropped,
                aclexplode(a.attacl) AS g JOIN pg_roles r ON r.oid = g.grantee
            WHERE g.grantee <> b.relowner AND (
                NOT has_column_privilege(g.grantee, s.oid, c.attnum, 'SELECT')
                OR s.relrowsecurity AND NOT (r.rolsuper OR r.rolbypassrls
                    OR pg_has_role(r.oid, s.relowner, 'USAGE') AND NOT s.relforcerowsecurity))""";

    private final EngineConnections connections;

    public BufferGrants(EngineConnections connections) {
        this.connections = connections;
    }

    public void revokeStale() {
        try (EngineConnection connection = connections.borrow()) {
            for (Row grant : new OwnHands(connection, false).ask(STALE)) {
                connection.batch(List.of(
                        "BEGIN",
                        "LOCK TABLE " + grant.text("buffer") + " IN SHARE UPDATE EXCLUSIVE MODE",
                        """
                        UPDATE pgtrickle.pgt_stream_tables t SET needs_reinit = true
                        FROM pgtrickle.pgt_dependencies d, pg_class c
                        WHERE d.pgt_id = t.pgt_id AND d.source_relid = %d AND c.oid = t.pgt_relid AND c.relowner = %d"""
                                .formatted(grant.number("source"), grant.number("grantee")),
                        "REVOKE ALL ON " + grant.text("buffer") + " FROM " + grant.text("role"), // and on its columns
                        "COMMIT"));
            }
        }
    }
}
