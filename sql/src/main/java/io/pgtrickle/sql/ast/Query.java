// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.ast;

import java.util.List;
import java.util.Optional;

/**
 * A query in the canonical form that {@code pg_get_viewdef} prints with an empty search_path: names qualified, stars
 * resolved, implicit casts explicit. Branches of a Union may differ in type (integer and bigint).
 */
public sealed interface Query {

    /**
     * SELECT … FROM … WHERE … GROUP BY … HAVING ….
     *
     * @param from empty for a query without FROM
     * @param where the conjuncts of WHERE, split at its topmost AND
     * @param groupBy empty without GROUP BY; never an empty list
     * @param having the conjuncts of HAVING, split at its topmost AND
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

    /** The WITH clause in front of a query. To the algebra it is its body: the references in it are expanded already. */
    record With(List<CommonTable> commonTables, Query body) implements Query {
        public With {
            commonTables = List.copyOf(commonTables);
        }
    }

    /** A query with an ORDER BY that changes nothing about the bag of rows: to the algebra it is its body. */
    record Ordered(Query body, List<Expr> keys) implements Query {
        public Ordered {
            keys = List.copyOf(keys);
        }
    }

    /** One output column; PostgreSQL always prints its name, or it is the column's own. */
    record SelectItem(Expr expression, String name) {}

    /** {@code name (columns) AS [NOT] MATERIALIZED (query)}. */
    record CommonTable(String name, List<String> columns, Optional<Boolean> materialized, Query query) {
        public CommonTable {
            columns = List.copyOf(columns);
        }
    }
}
