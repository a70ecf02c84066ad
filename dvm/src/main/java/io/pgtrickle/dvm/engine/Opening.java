// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.engine;

import io.pgtrickle.dvm.session.SqlResult;
import io.pgtrickle.dvm.session.SqlSession;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the engine has to know about the session it is called in.
 *
 * @param installed whether the database has the catalog, as this transaction sees it
 * @param transaction {@code pid:xid}
 * @param schema where an unqualified name would be created; empty if the search_path names no schema that exists
 */
record Opening(
        boolean installed, String transaction, String isolation, String role, Optional<String> schema, String timeZone,
        String textSearchConfiguration) {

    static Opening read(SqlSession session) {
        SqlResult result = session.execute("""
                SELECT pg_catalog.to_regclass('pgtrickle.pgt_stream_tables') IS NOT NULL,
                    pg_catalog.pg_backend_pid()::pg_catalog.text, pg_catalog.pg_current_xact_id()::pg_catalog.text,
                    pg_catalog.current_setting('transaction_isolation'), current_user::pg_catalog.text,
                    pg_catalog.current_schema()::pg_catalog.text, pg_catalog.current_setting('TimeZone'),
                    pg_catalog.current_setting('default_text_search_config')""");
        List<@Nullable String> row = result.rows().getFirst();
        return new Opening(
                text(row, 0).startsWith("t"), text(row, 1) + ":" + text(row, 2), text(row, 3), text(row, 4),
                Optional.ofNullable(row.get(5)), text(row, 6), text(row, 7));
    }

    private static String text(List<@Nullable String> row, int column) {
        String value = row.get(column);
        if (value == null) {
            throw new IllegalStateException("column " + column + " is NULL");
        }
        return value;
    }
}
