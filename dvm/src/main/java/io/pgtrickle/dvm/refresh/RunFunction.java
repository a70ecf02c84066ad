// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.refresh;

import io.pgtrickle.dvm.catalog.QuerySettings;
import io.pgtrickle.sql.render.Quoting;

/**
 * The function that runs a stream table's programs with its owner's rights. It belongs to the owner, who can alter it, e.g.
 * to SECURITY INVOKER, and would then have the engine's rights: the body, which only CREATE on pgtrickle_state could replace,
 * refuses to run as anybody else, and resolves nothing by a search_path before it knows.
 */
public final class RunFunction {

    private RunFunction() {}

    /**
     * @param name qualified and quoted
     * @param queryView qualified and quoted
     */
    public static String create(String name, String queryView, long ownerOid, QuerySettings settings) {
        return """
                CREATE OR REPLACE FUNCTION %s(program text, OUT snapshot text, OUT rows_inserted bigint, OUT rows_updated bigint,
                    OUT rows_deleted bigint, OUT delta_rows bigint, OUT broken bool)
                LANGUAGE plpgsql VOLATILE SECURITY DEFINER
                SET search_path = ''
                SET row_security = on
                %s
                SET transform_null_equals = off
                SET standard_conforming_strings = on
                SET jit = off
                SET random_page_cost = 1.1
                SET recursive_worktable_factor = 1
                AS %s""".formatted(
                name, settings.clauses(), Quoting.literal(body(queryView, ownerOid)));
    }

    private static String body(String queryView, long ownerOid) {
        return """
                BEGIN
                    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles
                        WHERE rolname OPERATOR(pg_catalog.=) current_user AND oid OPERATOR(pg_catalog.=) %d::pg_catalog.oid)
                    THEN
                        RAISE insufficient_privilege USING MESSAGE = 'this function has to run as the owner of its stream table';
                    END IF;
                    -- Reads nothing, but fails when the owner may no longer read what the query reads, though a program reads buffers.
                    PERFORM FROM %s LIMIT 0;
                    EXECUTE program INTO snapshot, rows_inserted, rows_updated, rows_deleted, delta_rows, broken;
                END
                """.formatted(ownerOid, queryView);
    }
}
