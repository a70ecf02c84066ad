// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.parse;

import io.pgtrickle.sql.ast.Query;
import io.pgtrickle.sql.render.QueryRenderer;
import java.util.Optional;

/**
 * Accepts a parse only if PostgreSQL reads the tree as the query it was parsed from: the tree is rendered, PostgreSQL
 * deparses that text, and the result must be the canonical text again.
 */
public final class RoundTripGuard {

    private RoundTripGuard() {}

    /** The server: creates a view of the query, gives its pg_get_viewdef (search_path empty), drops it; empty if refused. */
    @FunctionalInterface
    public interface Deparser {
        Optional<String> deparse(String query);
    }

    public static boolean accepts(String canonicalQuery, Query parsed, Deparser server) {
        Optional<String> again = server.deparse(QueryRenderer.query(parsed));
        // Some texts of PostgreSQL's own change once more, e.g. x IN (y, 1) nests its ORs otherwise than brackets do.
        return again.isPresent()
                && (again.get().equals(canonicalQuery) || again.equals(server.deparse(canonicalQuery)));
    }
}
