// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.parse;

/** What the server's pg_proc says about a function name; text alone cannot tell an aggregate from a function. */
public interface FunctionCatalog {

    /** @param name as the canonical text prints it, e.g. {@code sum} (pg_catalog) or {@code shop."Median"} */
    Kind kind(String name);

    /** The kinds of pg_proc.prokind, with set-returning functions apart. */
    enum Kind {
        SCALAR,
        SET_RETURNING,
        AGGREGATE,
        WINDOW
    }
}
