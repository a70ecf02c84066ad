// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.engine;

import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.dvm.session.SqlResult;
import io.pgtrickle.sql.render.Quoting;
import io.pgtrickle.sql.statement.QualifiedName;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a name means in the caller's session.
 *
 * @param as the name as it was written
 * @param id its pgt_id if it is a stream table
 * @param owner the role that owns it
 * @param mayDrop owner of the table or of its schema
 * @param mayRefresh owner, or MAINTAIN
 */
record Resolved(
        QualifiedName as, Optional<Long> relation, Optional<Long> id, String schema, String name, String owner,
        boolean mayDrop, boolean mayRefresh) {

    boolean isStreamTable() {
        return id.isPresent();
    }

    /**
     * Whether there is no such relation, and a schema where it could be. Then the command is answered as PostgreSQL would: a stream table
     * that comes into being before PostgreSQL itself looks would be a table to it, which is of the wrong kind.
     */
    boolean isMissing(Hands hands) {
        return relation.isEmpty() && as.schema().stream().noneMatch(name ->
                hands.caller("SELECT 1 WHERE pg_catalog.to_regnamespace(" + Quoting.literal(Quoting.identifier(name)) + ") IS NOT NULL").isEmpty());
    }

    /** The name as it was written, as messages show it. */
    String shown() {
        return as.shown();
    }

    static List<Resolved> of(Hands hands, List<QualifiedName> names) {
        List<Resolved> resolved = new ArrayList<>();
        for (QualifiedName name : names) {
            SqlResult result = hands.caller("""
                    SELECT c.oid::pg_catalog.int8, t.pgt_id, n.nspname, c.relname, c.relowner::pg_catalog.regrole::pg_catalog.text,
                        pg_catalog.pg_has_role(c.relowner, 'USAGE') OR pg_catalog.pg_has_role(n.nspowner, 'USAGE'),
                        pg_catalog.pg_has_role(c.relowner, 'USAGE') OR pg_catalog.has_table_privilege(c.oid, 'MAINTAIN')
                    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                    LEFT JOIN pgtrickle.pgt_stream_tables t ON t.pgt_relid = c.oid
                    WHERE c.oid = pg_catalog.to_regclass(%s)""".formatted(Quoting.literal(Quoting.qualified(name))));
            resolved.add(result.isEmpty()
                    ? new Resolved(name, Optional.empty(), Optional.empty(), name.schema().orElse(""), name.name(), "", false, false)
                    : of(name, result.rows().getFirst()));
        }
        return resolved;
    }

    private static Resolved of(QualifiedName name, List<@Nullable String> row) {
        return new Resolved(
                name, Optional.ofNullable(row.get(0)).map(Long::valueOf), Optional.ofNullable(row.get(1)).map(Long::valueOf),
                String.valueOf(row.get(2)), String.valueOf(row.get(3)), String.valueOf(row.get(4)),
                "t".equals(row.get(5)), "t".equals(row.get(6)));
    }
}
