// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.jsqlparser;

import io.pgtrickle.sql.ast.Expr;
import io.pgtrickle.sql.ast.FromItem;
import io.pgtrickle.sql.ast.Query;
import io.pgtrickle.sql.parse.NormalizedQuery;
import io.pgtrickle.sql.parse.UnsupportedConstructException;
import java.util.ArrayList;
import java.util.List;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import net.sf.jsqlparser.expression.Alias;
import net.sf.jsqlparser.expression.Expression;
import net.sf.jsqlparser.schema.Column;
import net.sf.jsqlparser.schema.Table;
import net.sf.jsqlparser.statement.select.GroupByElement;
import net.sf.jsqlparser.statement.select.Join;
import net.sf.jsqlparser.statement.select.ParenthesedFromItem;
import net.sf.jsqlparser.statement.select.ParenthesedSelect;
import net.sf.jsqlparser.statement.select.PlainSelect;
import net.sf.jsqlparser.statement.select.Select;
import net.sf.jsqlparser.statement.select.SelectItem;
import net.sf.jsqlparser.statement.select.SetOperation;
import net.sf.jsqlparser.statement.select.SetOperationList;
import net.sf.jsqlparser.statement.select.TableFunction;
import net.sf.jsqlparser.statement.select.UnionOp;
import net.sf.jsqlparser.statement.select.WithItem;

/**
 * The library's queries to ours. What it does not look at is lost, and the round-trip check refuses the query then; what
 * users are likely to write is refused here by name.
 */
final class QueryReader {

    private final ExpressionReader expressions;

    QueryReader(ExpressionReader expressions) {
        this.expressions = expressions;
    }

    Query read(Select select) throws UnsupportedConstructException {
        Query query = query(select, Map.of());
        List<Expr> keys = expressions.orderKeys(select.getOrderByElements());
        if (keys.isEmpty()) {
            return query;
        }
        return query instanceof Query.With(List<Query.CommonTable> tables, Query body)
                ? new Query.With(tables, new Query.Ordered(body, keys))
                : new Query.Ordered(query, keys);
    }

    private Query subquery(Select select, Map<String, Query.CommonTable> scope) throws UnsupportedConstructException {
        if (select.getOrderByElements() != null) {
            throw new UnsupportedConstructException("ORDER BY in a subquery");
        }
        return query(select, scope);
    }

    private Query query(Select select, Map<String, Query.CommonTable> outer) throws UnsupportedConstructException {
        if (select.getWithItemsList() == null || select.getWithItemsList().isEmpty()) {
            return body(select, outer);
        }
        Map<String, Query.CommonTable> scope = new LinkedHashMap<>(outer);
        List<Query.CommonTable> tables = new ArrayList<>();
        for (WithItem<?> item : select.getWithItemsList()) {
            Query.CommonTable table = commonTable(item, scope);
            tables.add(table);
            scope.put(table.name(), table);
        }
        return new Query.With(tables, body(select, scope));
    }

    private Query.CommonTable commonTable(WithItem<?> item, Map<String, Query.CommonTable> scope)
            throws UnsupportedConstructException {
        if (!(item.getParenthesedStatement() instanceof ParenthesedSelect select) || item.isRecursive()) {
            throw UnsupportedConstructException.unreadable(item.toString());
        }
        List<String> columns = new ArrayList<>();
        if (item.getWithItemList() != null) {
            for (SelectItem<?> column : item.getWithItemList()) {
                columns.add(Names.unquote(column.toString()));
            }
        }
        Optional<Boolean> materialized = item.isMaterialized() ? Optional.of(!item.isUsingNot()) : Optional.empty();
        return new Query.CommonTable(
                Names.unquote(item.getAliasName()), columns, materialized, subquery(select.getSelect(), scope));
    }

    private Query body(Select select, Map<String, Query.CommonTable> scope) throws UnsupportedConstructException {
        return switch (select) {
            case PlainSelect plain -> plainSelect(plain, scope);
            case SetOperationList list -> union(list, scope);
            case ParenthesedSelect inBrackets -> subquery(inBrackets.getSelect(), scope);
            default -> throw UnsupportedConstructException.unreadable(select.toString());
        };
    }

    /** The deparser brackets a set operation inside another one unless both are the same. */
    private Query union(SetOperationList list, Map<String, Query.CommonTable> scope) throws UnsupportedConstructException {
        boolean distinct = !list.getOperation(0).isAll();
        for (SetOperation operation : list.getOperations()) {
            if (!(operation instanceof UnionOp) || operation.isAll() == distinct) {
                throw UnsupportedConstructException.unreadable(operation.toString());
            }
        }
        List<Query> branches = new ArrayList<>();
        for (Select branch : list.getSelects()) {
            branches.add(subquery(branch, scope));
        }
        return new Query.Union(distinct, branches);
    }

    private Query.Select plainSelect(PlainSelect select, Map<String, Query.CommonTable> scope)
            throws UnsupportedConstructException {
        List<Query.SelectItem> items = new ArrayList<>();
        for (SelectItem<?> item : select.getSelectItems()) {
            items.add(selectItem(item));
        }
        List<FromItem> from = from(select.getFromItem(), select.getJoins(), scope);
        Query.Select read = new Query.Select(
                select.getDistinct() != null,
                items,
                from,
                conjuncts(select.getWhere()),
                groupBy(select.getGroupBy()),
                conjuncts(select.getHaving()));
        refuseMergedColumns(read);
        return read;
    }

    private List<Expr> conjuncts(Expression condition) throws UnsupportedConstructException {
        return condition == null ? List.of() : expressions.conjuncts(condition);
    }

    private Query.SelectItem selectItem(SelectItem<?> item) throws UnsupportedConstructException {
        Expr expression = expressions.read(item.getExpression());
        if (item.getAlias() != null) {
            return new Query.SelectItem(expression, Names.unquote(item.getAlias().getName()));
        }
        return new Query.SelectItem(expression, expression instanceof Expr.Column column ? column.name() : "?column?");
    }

    private Optional<List<Expr>> groupBy(GroupByElement groupBy) throws UnsupportedConstructException {
        if (groupBy == null) {
            return Optional.empty();
        }
        if (groupBy.getGroupByExpressionList() == null || groupBy.getGroupByExpressionList().isEmpty()) {
            throw UnsupportedConstructException.unreadable(groupBy.toString());
        }
        return Optional.of(expressions.readAll(groupBy.getGroupByExpressionList()));
    }

    /** Over columns of different types, USING makes a new column, which the deparser prints without a relation. */
    private static void refuseMergedColumns(Query.Select select) throws UnsupportedConstructException {
        if (select.from().stream().mapToInt(item -> item.leaves().size()).sum() < 2) {
            return;
        }
        List<Expr> all = new ArrayList<>(select.items().stream().map(Query.SelectItem::expression).toList());
        all.addAll(select.where());
        all.addAll(select.having());
        all.addAll(select.groupBy().orElse(List.of()));
        for (Expr expression : all) {
            for (Expr.Column column : expression.columns()) {
                if (column.relation().isEmpty()) {
                    throw new UnsupportedConstructException(
                            "JOIN … USING (" + column.name() + ") over columns of different types");
                }
            }
        }
    }

    // ---- FROM

    private List<FromItem> from(
            net.sf.jsqlparser.statement.select.FromItem first, List<Join> joins, Map<String, Query.CommonTable> scope)
            throws UnsupportedConstructException {
        if (first == null) {
            return List.of();
        }
        List<FromItem> items = new ArrayList<>();
        FromItem current = fromItem(first, scope);
        for (Join join : joins == null ? List.<Join>of() : joins) {
            if (join.isSimple()) {
                items.add(current);
                current = fromItem(join.getFromItem(), scope);
            } else {
                current = join(current, join, scope);
            }
        }
        items.add(current);
        return items;
    }

    private FromItem fromItem(net.sf.jsqlparser.statement.select.FromItem item, Map<String, Query.CommonTable> scope)
            throws UnsupportedConstructException {
        return switch (item) {
            case Table table -> table(table, scope);
            case ParenthesedSelect select ->
                new FromItem.Derived(
                        subquery(select.getSelect(), scope),
                        aliasName(select.getAlias()),
                        columnNames(select.getAlias()),
                        Optional.empty());
            case ParenthesedFromItem inBrackets when inBrackets.getAlias() != null ->
                throw new UnsupportedConstructException("an alias for a join");
            case ParenthesedFromItem inBrackets -> {
                List<FromItem> items = from(inBrackets.getFromItem(), inBrackets.getJoins(), scope);
                if (items.size() != 1) {
                    throw UnsupportedConstructException.unreadable(inBrackets.toString());
                }
                yield items.getFirst();
            }
            case TableFunction function -> {
                String name = function.getFunction().getName().replace("\"", "");
                throw new UnsupportedConstructException("function " + name + "() in FROM");
            }
            default -> throw UnsupportedConstructException.unreadable(item.toString());
        };
    }

    private FromItem table(Table table, Map<String, Query.CommonTable> scope) throws UnsupportedConstructException {
        boolean only = NormalizedQuery.ONLY.equals(table.getDatabaseName());
        if (table.getNameParts().size() > (only ? 3 : 2) || table.getSampleClause() != null || table.getPivot() != null) {
            throw UnsupportedConstructException.unreadable(table.toString());
        }
        String name = Names.unquote(table.getName());
        Optional<String> alias =
                table.getAlias() == null ? Optional.empty() : Optional.of(aliasName(table.getAlias()));
        List<String> columns = columnNames(table.getAlias());
        if (table.getSchemaName() != null) {
            return new FromItem.Relation(Names.unquote(table.getSchemaName()), name, alias, columns, only);
        }
        Query.CommonTable common = scope.get(name);
        // With an empty search_path only the system catalogs are printed without their schema.
        return common == null
                ? new FromItem.Relation("pg_catalog", name, alias, columns, false)
                : new FromItem.Derived(named(common.query(), common.columns()), alias.orElse(name), columns, Optional.of(name));
    }

    /** The query with its first columns renamed; a union's names are those of its first branch. */
    private static Query named(Query query, List<String> columns) {
        if (columns.isEmpty()) {
            return query;
        }
        return switch (query) {
            case Query.Select select -> {
                List<Query.SelectItem> items = new ArrayList<>(select.items());
                for (int i = 0; i < columns.size(); i++) {
                    items.set(i, new Query.SelectItem(items.get(i).expression(), columns.get(i)));
                }
                yield new Query.Select(
                        select.distinct(), items, select.from(), select.where(), select.groupBy(), select.having());
            }
            case Query.Union union -> {
                List<Query> branches = new ArrayList<>(union.branches());
                branches.set(0, named(branches.getFirst(), columns));
                yield new Query.Union(union.distinct(), branches);
            }
            case Query.With with -> new Query.With(with.commonTables(), named(with.body(), columns));
            case Query.Ordered ordered -> new Query.Ordered(named(ordered.body(), columns), ordered.keys());
        };
    }

    private FromItem join(FromItem left, Join join, Map<String, Query.CommonTable> scope) throws UnsupportedConstructException {
        boolean outer = join.isLeft() || join.isRight() || join.isFull() || join.isOuter();
        if (outer || join.isNatural() || join.isSemi() || join.isApply()) {
            throw UnsupportedConstructException.unreadable(join.toString());
        }
        List<Expr> on = new ArrayList<>();
        for (Expression condition : join.getOnExpressions()) {
            on.addAll(expressions.conjuncts(condition));
        }
        List<String> using = new ArrayList<>();
        for (Column column : join.getUsingColumns()) {
            using.add(Names.unquote(column.getColumnName()));
        }
        return new FromItem.InnerJoin(left, fromItem(join.getFromItem(), scope), on, using);
    }

    private static String aliasName(Alias alias) throws UnsupportedConstructException {
        if (alias == null) {
            throw UnsupportedConstructException.unreadable("a subquery without alias");
        }
        return Names.unquote(alias.getName());
    }

    private static List<String> columnNames(Alias alias) throws UnsupportedConstructException {
        List<String> names = new ArrayList<>();
        if (alias != null && alias.getAliasColumns() != null) {
            for (Alias.AliasColumn column : alias.getAliasColumns()) {
                names.add(Names.unquote(column.name));
            }
        }
        return names;
    }
}
