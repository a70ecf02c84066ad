// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.parse;

import io.pgtrickle.sql.ast.Query;

/** Turns canonical text into syntax. Implementations are stateless and may be used from any thread. */
public interface QueryParser {

    /**
     * @param canonicalQuery what {@code pg_get_viewdef} printed, with or without the final semicolon
     * @throws UnsupportedConstructException when the query uses something the syntax does not represent yet, or the
     *     parser cannot read it; never a guess
     */
    Query parse(String canonicalQuery, FunctionCatalog functions) throws UnsupportedConstructException;
}
