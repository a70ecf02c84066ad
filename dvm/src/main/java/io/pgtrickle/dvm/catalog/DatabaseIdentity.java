// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.catalog;

import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.OwnHands;
import io.pgtrickle.dvm.session.Row;
import java.util.HexFormat;

/**
 * What the engine has to know about a database it works for.
 *
 * @param cluster the server's system identifier and the database's OID: frontiers are only meaningful there
 * @param role the engine's role
 * @param secret see CallerHands
 */
public record DatabaseIdentity(String cluster, String role, boolean superuser, byte[] secret) {

    public static DatabaseIdentity read(EngineConnection connection) {
        Row row = new OwnHands(connection, false).one("""
                SELECT (SELECT system_identifier FROM pg_control_system()) || '/' ||
                    (SELECT oid FROM pg_database WHERE datname = current_database()) AS cluster,
                    current_user AS role, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
                    encode(secret, 'hex') AS secret
                FROM pgtrickle.pgt_secret""");
        return new DatabaseIdentity(
                row.text("cluster"), row.text("role"), row.flag("superuser"), HexFormat.of().parseHex(row.text("secret")));
    }

    /** Whether a new connection has come to the same database, and not to another of its name, and the catalog is there. */
    public boolean isStillThat(EngineConnection connection) {
        return Migrations.installed(connection) && Migrations.ours(connection) && read(connection).cluster().equals(cluster);
    }
}
