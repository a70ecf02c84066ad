// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.ast;

import java.util.List;

/** Something in FROM. */
public sealed interface FromItem {

    /**
     * A table or view.
     *
     * @param alias the name its columns are qualified with
     * @param columnAliases new names for its first columns; usually empty
     */
    record Relation(String schema, String name, String alias, List<String> columnAliases, boolean only)
            implements FromItem {
        public Relation {
            columnAliases = List.copyOf(columnAliases);
        }
    }

    /** A subquery with its alias. */
    record Derived(Query query, String alias, List<String> columnAliases) implements FromItem {
        public Derived {
            columnAliases = List.copyOf(columnAliases);
        }
    }

    /** An inner (or cross: no conditions) join; {@code on} holds the conjuncts. */
    record InnerJoin(FromItem left, FromItem right, List<Expr> on) implements FromItem {
        public InnerJoin {
            on = List.copyOf(on);
        }
    }
}
