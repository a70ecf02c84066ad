// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.ast;

import java.util.List;
import java.util.Optional;

/**
 * A query in the canonical form that {@code pg_get_viewdef} prints with an empty search_path: names qualified, stars and
 * USING resolved, implicit casts explicit.
 */
public sealed interface Query {

    /**
     * SELECT … FROM … WHERE … GROUP BY … HAVING ….
     *
     * @param from empty for a query without FROM
     * @param where the conjuncts of WHERE, split at top-level ANDs
     * @param having the conjuncts of HAVING
     */
    record Select(
            boolean distinct,
            List<SelectItem> items,
            List<FromItem> from,
            List<Expr> where,
            Optional<List<Expr>> groupBy,
            List<Expr> having)
            implements Query {
        public Select {
            items = List.copyOf(items);
            from = List.copyOf(from);
            where = List.copyOf(where);
            groupBy = groupBy.map(List::copyOf);
            having = List.copyOf(having);
        }
    }

    /** Two or more branches joined by UNION ALL; UNION without ALL is {@code distinct}. */
    record Union(boolean distinct, List<Query> branches) implements Query {
        public Union {
            branches = List.copyOf(branches);
        }
    }

    /** One output column; PostgreSQL always prints its name, or it is the column's own. */
    record SelectItem(Expr expression, String name) {}
}
