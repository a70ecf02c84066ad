// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.render;

import io.pgtrickle.sql.ast.Expr;
import io.pgtrickle.sql.ast.FromItem;
import io.pgtrickle.sql.ast.Query;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Syntax back to SQL. Every operation is bracketed as the syntax tree says, so that PostgreSQL's deparse of the text equals
 * the canonical text the tree was parsed from if, and only if, the tree has the right shape: the round-trip check.
 */
public final class QueryRenderer {

    private QueryRenderer() {}

    public static String query(Query query) {
        return switch (query) {
            case Query.Select select -> select(select);
            case Query.Union union ->
                union.branches().stream()
                        .map(branch -> branch instanceof Query.Select select ? select(select) : "(" + query(branch) + ")")
                        .collect(Collectors.joining(union.distinct() ? "\nUNION\n" : "\nUNION ALL\n"));
            case Query.With with -> "WITH " + list(with.commonTables(), QueryRenderer::commonTable) + "\n" + query(with.body());
            case Query.Ordered ordered ->
                query(ordered.body()) + "\nORDER BY " + list(ordered.keys(), QueryRenderer::expression);
        };
    }

    public static String expression(Expr expression) {
        return expression(expression, QueryRenderer::column);
    }

    /** The expression with its column references written by {@code columns}. */
    public static String expression(Expr expression, Function<Expr.Column, String> columns) {
        return switch (expression) {
            case Expr.Column column -> columns.apply(column);
            case Expr.Aggregate aggregate -> aggregate(aggregate, e -> expression(e, columns));
            case Expr.Equality(Expr left, Expr right) ->
                "(" + expression(left, columns) + " = " + expression(right, columns) + ")";
            case Expr.And(List<Expr> operands) ->
                operands.stream().map(e -> expression(e, columns)).collect(Collectors.joining(" AND ", "(", ")"));
            case Expr.Composite(List<Expr.Piece> pieces) ->
                pieces.stream()
                        .map(piece -> switch (piece) {
                            case Expr.Piece.Text(String text) -> text;
                            case Expr.Piece.Sub(Expr sub) -> expression(sub, columns);
                        })
                        .collect(Collectors.joining());
        };
    }

    /** {@code relation.name}, or only the name where the canonical text has no more. */
    public static String column(Expr.Column column) {
        String name = Quoting.identifier(column.name());
        return column.relation().map(relation -> Quoting.identifier(relation) + "." + name).orElse(name);
    }

    private static String aggregate(Expr.Aggregate call, Function<Expr, String> rendered) {
        StringBuilder sql = new StringBuilder(call.function()).append('(');
        sql.append(call.distinct() ? "DISTINCT " : "").append(call.star() ? "*" : list(call.arguments(), rendered));
        if (!call.orderBy().isEmpty()) {
            sql.append(call.withinGroup() ? ") WITHIN GROUP (ORDER BY " : " ORDER BY ");
            sql.append(list(call.orderBy(), rendered));
        }
        sql.append(')');
        call.filter().ifPresent(condition ->
                sql.append(" FILTER (WHERE ").append(rendered.apply(condition)).append(')'));
        return sql.toString();
    }

    private static String select(Query.Select select) {
        StringBuilder sql = new StringBuilder(select.distinct() ? "SELECT DISTINCT " : "SELECT ");
        sql.append(list(select.items(), item -> expression(item.expression()) + " AS " + Quoting.identifier(item.name())));
        if (!select.from().isEmpty()) {
            sql.append("\nFROM ").append(list(select.from(), QueryRenderer::fromItem));
        }
        sql.append(conjunction("\nWHERE ", select.where()));
        select.groupBy().ifPresent(keys -> sql.append("\nGROUP BY ").append(list(keys, QueryRenderer::groupKey)));
        return sql.append(conjunction("\nHAVING ", select.having())).toString();
    }

    private static String conjunction(String keyword, List<Expr> conjuncts) {
        return switch (conjuncts.size()) {
            case 0 -> "";
            case 1 -> keyword + "(" + expression(conjuncts.getFirst()) + ")";
            default -> keyword + expression(new Expr.And(conjuncts));
        };
    }

    /** In brackets, for PostgreSQL's grammar takes some function calls here for something else. */
    private static String groupKey(Expr key) {
        return key instanceof Expr.Column column ? column(column) : "(" + expression(key) + ")";
    }

    private static String fromItem(FromItem item) {
        return switch (item) {
            case FromItem.Relation relation ->
                (relation.only() ? "ONLY " : "")
                        + Quoting.qualified(relation.schema(), relation.name())
                        + (relation.givenAlias().isPresent() || !relation.columnAliases().isEmpty()
                                ? " " + alias(relation)
                                : "");
            case FromItem.Derived derived -> derived(derived);
            case FromItem.InnerJoin join -> join(join);
        };
    }

    private static String derived(FromItem.Derived derived) {
        if (derived.commonTable().isEmpty()) {
            return "(" + query(derived.query()) + ") " + alias(derived);
        }
        String name = derived.commonTable().get();
        boolean plain = derived.alias().equals(name) && derived.columnAliases().isEmpty();
        return Quoting.identifier(name) + (plain ? "" : " " + alias(derived));
    }

    private static String alias(FromItem.Leaf leaf) {
        return Quoting.identifier(leaf.alias()) + columnNames(leaf.columnAliases());
    }

    private static String join(FromItem.InnerJoin join) {
        String left = fromItem(join.left());
        String right = fromItem(join.right());
        if (!join.using().isEmpty()) {
            return "(" + left + "\nJOIN " + right + " USING " + columnNames(join.using()) + ")";
        }
        return join.on().isEmpty()
                ? "(" + left + "\nCROSS JOIN " + right + ")"
                : "(" + left + "\nJOIN " + right + conjunction(" ON ", join.on()) + ")";
    }

    private static String commonTable(Query.CommonTable table) {
        return Quoting.identifier(table.name())
                + columnNames(table.columns())
                + " AS "
                + table.materialized().map(yes -> yes ? "MATERIALIZED " : "NOT MATERIALIZED ").orElse("")
                + "(" + query(table.query()) + ")";
    }

    private static String columnNames(List<String> names) {
        return names.isEmpty() ? "" : "(" + list(names, Quoting::identifier) + ")";
    }

    private static <T> String list(List<T> elements, Function<T, String> rendered) {
        return elements.stream().map(rendered).collect(Collectors.joining(", "));
    }
}
