// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.ast;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Something in FROM. */
public sealed interface FromItem {

    /** A leaf of FROM: something with an alias, which its columns are qualified with. */
    sealed interface Leaf extends FromItem {
        String alias();

        /** New names for its first columns; usually empty. */
        List<String> columnAliases();
    }

    /** A table or view. */
    record Relation(
            String schema, String name, Optional<String> givenAlias, List<String> columnAliases, boolean only)
            implements Leaf {
        public Relation {
            columnAliases = List.copyOf(columnAliases);
        }

        @Override
        public String alias() {
            return givenAlias.orElse(name);
        }
    }

    /**
     * A subquery with its alias.
     *
     * @param commonTable the WITH query this was a reference to; {@code query} is then a copy of that query
     */
    record Derived(Query query, String alias, List<String> columnAliases, Optional<String> commonTable)
            implements Leaf {
        public Derived {
            columnAliases = List.copyOf(columnAliases);
        }
    }

    /**
     * An inner (or cross: no conditions) join.
     *
     * @param on the conjuncts of ON
     * @param using the columns of USING, whose equalities are not in {@code on}; see {@link UsingColumns}
     */
    record InnerJoin(FromItem left, FromItem right, List<Expr> on, List<String> using) implements FromItem {
        public InnerJoin {
            on = List.copyOf(on);
            using = List.copyOf(using);
        }
    }

    /** The leaves from left to right. */
    default List<Leaf> leaves() {
        return switch (this) {
            case Leaf leaf -> List.of(leaf);
            case InnerJoin join -> Stream.of(join.left(), join.right())
                    .flatMap(side -> side.leaves().stream())
                    .toList();
        };
    }
}
