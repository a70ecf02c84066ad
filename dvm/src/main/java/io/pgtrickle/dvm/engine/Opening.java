// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.engine;

import io.pgtrickle.dvm.session.SqlResult;
import io.pgtrickle.dvm.session.SqlSession;
import io.pgtrickle.sql.render.Quoting;
import io.pgtrickle.sql.statement.QualifiedName;
import io.pgtrickle.sql.statement.SqlStatement.RefreshMaterializedView;
import io.pgtrickle.sql.statement.SqlStatement.StreamTableCommand;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What the engine has to know about the session it is called in.
 *
 * @param installed whether the database has the catalog, as this transaction sees it
 * @param transaction {@code pid:xid}
 * @param named the relation the statement is about, if it names just one and that exists
 * @param schema where an unqualified name would be created; empty if the search_path names no schema that exists
 */
record Opening(
        boolean installed, String transaction, String isolation, String role, Optional<String> schema,
        boolean readOnly, Optional<Named> named) {

    /**
     * A relation as the catalogs of PostgreSQL know it.
     *
     * @param ordinaryTable which every stream table is
     * @param mayRefresh owner, or MAINTAIN
     */
    record Named(long relation, boolean ordinaryTable, boolean mayRefresh) {}

    static Opening read(SqlSession session, StreamTableCommand command) {
        SqlResult result = session.execute(query(command));
        List<@Nullable String> row = result.rows().getFirst();
        return new Opening(
                text(row, 0).startsWith("t"), text(row, 1) + ":" + text(row, 2), text(row, 3), text(row, 4),
                Optional.ofNullable(row.get(5)), text(row, 6).equals("on"),
                Optional.ofNullable(row.get(7)).map(relation ->
                        new Named(Long.parseLong(relation), text(row, 8).equals("r"), text(row, 9).startsWith("t"))));
    }

    /** The statement that asks for all of this. */
    static String query(StreamTableCommand command) {
        String relation = command instanceof RefreshMaterializedView refresh
                ? Quoting.literal(Quoting.qualified(refresh.name()))
                : "NULL";
        return """
                SELECT pg_catalog.to_regclass('pgtrickle.pgt_stream_tables') IS NOT NULL,
                    pg_catalog.pg_backend_pid()::pg_catalog.text, pg_catalog.pg_current_xact_id()::pg_catalog.text,
                    pg_catalog.current_setting('transaction_isolation'), current_user::pg_catalog.text,
                    pg_catalog.current_schema()::pg_catalog.text,
                    pg_catalog.current_setting('transaction_read_only'),
                    c.oid::pg_catalog.int8, c.relkind,
                    pg_catalog.pg_has_role(c.relowner, 'USAGE') OR pg_catalog.has_table_privilege(c.oid, 'MAINTAIN')
                FROM (SELECT pg_catalog.to_regclass(%s) AS relation) AS named LEFT JOIN pg_catalog.pg_class c
                ON c.oid OPERATOR(pg_catalog.=) named.relation"""
                .formatted(relation);
    }

    /** Whether one of these names means a stream table in this session, as far as can be told without the engine. */
    static boolean anyStreamTable(SqlSession session, List<QualifiedName> names) {
        String relations = names.stream()
                .map(name -> "pg_catalog.to_regclass(" + Quoting.literal(Quoting.qualified(name)) + ")::pg_catalog.oid")
                .collect(Collectors.joining(", "));
        return !session.execute("SELECT 1 FROM pgtrickle.pgt_stream_tables WHERE pgt_relid OPERATOR(pg_catalog.=) ANY (ARRAY[" + relations + "])").isEmpty();
    }

    private static String text(List<@Nullable String> row, int column) {
        String value = row.get(column);
        if (value == null) {
            throw new IllegalStateException("column " + column + " is NULL");
        }
        return value;
    }
}
