// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.capture;

import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.EngineConnections;
import io.pgtrickle.dvm.session.OwnHands;
import io.pgtrickle.dvm.session.Row;
import java.util.List;

/**
 * Who may no longer read a column of a source, or only some of its rows, or reads it in no stream table any more, may not read its changes
 * either (DELTA.md 8). A REVOKE
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
            WHERE g.grantee <> b.relowner AND %s AND (
                NOT has_column_privilege(g.grantee, s.oid, c.attnum, 'SELECT')
                OR s.relrowsecurity AND NOT (r.rolsuper OR r.rolbypassrls
                    OR pg_has_role(r.oid, s.relowner, 'USAGE') AND NOT s.relforcerowsecurity)
                OR NOT EXISTS (SELECT FROM pgtrickle.pgt_dependencies d JOIN pgtrickle.pgt_stream_tables t USING (pgt_id)
                    JOIN pg_class v ON v.oid = t.pgt_relid
                    WHERE d.source_relid = k.source_relid AND d.cdc_mode IS NOT NULL AND v.relowner = g.grantee))""";

    private final EngineConnections connections;

    public BufferGrants(EngineConnections connections) {
        this.connections = connections;
    }

    public void revokeStale() {
        try (EngineConnection connection = connections.borrow()) {
            OwnHands hands = new OwnHands(connection, false);
            for (Row grant : hands.ask(STALE.formatted("true"))) {
                connection.execute("BEGIN");
                // Not from under somebody who is making a stream table and has just found the right granted.
                boolean stale = Capture.claim(hands, grant.number("source")) && !hands.ask(STALE.formatted(
                        "k.source_relid = %d AND g.grantee = %d".formatted(grant.number("source"), grant.number("grantee")))).isEmpty();
                if (stale) {
                    connection.batch(List.of("""
                        UPDATE pgtrickle.pgt_stream_tables t SET needs_reinit = true
                        FROM pgtrickle.pgt_dependencies d, pg_class c
                        WHERE d.pgt_id = t.pgt_id AND d.source_relid = %d AND c.oid = t.pgt_relid AND c.relowner = %d"""
                                .formatted(grant.number("source"), grant.number("grantee")),
                        "REVOKE ALL ON " + grant.text("buffer") + " FROM " + grant.text("role"))); // and on its columns
                }
                connection.execute("COMMIT");
            }
        }
    }
}
