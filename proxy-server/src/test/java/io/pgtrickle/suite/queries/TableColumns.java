// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.queries;

import io.pgtrickle.sql.ast.Expr;
import io.pgtrickle.sql.ast.FromItem;
import io.pgtrickle.sql.ast.Query;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The columns a tree says a query reads, to be compared with what PostgreSQL knows. */
final class TableColumns {

    private final Set<String> found = new TreeSet<>();

    private TableColumns() {}

    /**
     * Whether names can be resolved without a catalog: tables under their own columns' names, nothing else in FROM. On
     * system catalogs PostgreSQL records no dependencies.
     */
    static boolean isResolvable(Query query) {
        return selects(query).flatMap(select -> select.from().stream())
                        .allMatch(item -> !usesUsing(item)
                                && item.leaves().stream()
                                        .allMatch(leaf -> leaf instanceof FromItem.Relation relation
                                                && leaf.columnAliases().isEmpty()
                                                && !relation.schema().equals("pg_catalog")))
                && !(query instanceof Query.With || query instanceof Query.Ordered);
    }

    static Set<String> of(Query query) {
        TableColumns columns = new TableColumns();
        selects(query).forEach(columns::collect);
        return columns.found;
    }

    private static Stream<Query.Select> selects(Query query) {
        return switch (query) {
            case Query.Select select -> Stream.of(select);
            case Query.Union union -> union.branches().stream().flatMap(TableColumns::selects);
            case Query.With with -> selects(with.body());
            case Query.Ordered ordered -> selects(ordered.body());
        };
    }

    private void collect(Query.Select select) {
        Map<String, FromItem.Relation> relations = new HashMap<>();
        List<Expr> expressions = new ArrayList<>();
        for (FromItem item : select.from()) {
            item.leaves().forEach(leaf -> relations.put(leaf.alias(), (FromItem.Relation) leaf));
            conditions(item, expressions);
        }
        select.items().forEach(item -> expressions.add(item.expression()));
        expressions.addAll(select.where());
        expressions.addAll(select.having());
        select.groupBy().ifPresent(expressions::addAll);
        for (Expr expression : expressions) {
            for (Expr.Column column : expression.columns()) {
                FromItem.Relation relation = column.relation()
                        .map(alias -> relations.get(alias))
                        .orElseGet(() -> relations.values().iterator().next());
                found.add(relation.schema() + "." + relation.name() + "." + column.name());
            }
        }
    }

    private static void conditions(FromItem item, List<Expr> conditions) {
        if (item instanceof FromItem.InnerJoin join) {
            conditions.addAll(join.on());
            conditions(join.left(), conditions);
            conditions(join.right(), conditions);
        }
    }

    private static boolean usesUsing(FromItem item) {
        return item instanceof FromItem.InnerJoin join
                && (!join.using().isEmpty() || usesUsing(join.left()) || usesUsing(join.right()));
    }
}
