// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

import io.pgtrickle.dvm.apply.Identity;
import io.pgtrickle.dvm.delta.InlineReading;
import io.pgtrickle.dvm.operator.Accumulator;
import io.pgtrickle.dvm.operator.Accumulator.Argument;
import io.pgtrickle.dvm.operator.Aggregate;
import io.pgtrickle.dvm.operator.Filter;
import io.pgtrickle.dvm.operator.InnerJoin;
import io.pgtrickle.dvm.operator.Output;
import io.pgtrickle.dvm.operator.Project;
import io.pgtrickle.dvm.operator.Reading;
import io.pgtrickle.dvm.operator.Scan;
import io.pgtrickle.dvm.operator.Scope;
import io.pgtrickle.dvm.operator.Select;
import io.pgtrickle.dvm.operator.Subquery;
import io.pgtrickle.sql.ast.Expr;
import io.pgtrickle.sql.ast.Query;
import io.pgtrickle.sql.parse.UnsupportedConstructException;
import io.pgtrickle.sql.render.QueryRenderer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Turns one grouped SELECT into Project(Filter(Aggregate)), and chooses how each aggregate is maintained.
 *
 * <pre>SELECT lower(k), sum(v) / nullif(count(*), 0) FROM r GROUP BY lower(k) HAVING count(*) > 1
 *
 * Aggregate  key lower = lower(k); sum_v = sum(v), count = count(*)
 * Filter     count > 1
 * Project    lower, sum_v / nullif(count, 0)</pre>
 */
final class GroupingBuilder {

    private static final Set<String> INTEGERS = Set.of("int2", "int4", "int8");
    private static final Set<String> ALGEBRAIC = Set.of("count", "sum", "avg", "min", "max");

    /** So many columns PostgreSQL has room for in a view, a table, and about as many in a select list. */
    private static final int WIDEST = 1600;

    private final Query.Select select;
    private final Scope input;
    private final PlanBuilder builder;

    private final Names stateNames = new Names();
    private final Names outputNames = new Names();
    private final Map<Expr, String> keys = new LinkedHashMap<>();
    private final Map<Expr.Aggregate, String> calls = new LinkedHashMap<>();
    private final Map<String, Argument> arguments = new LinkedHashMap<>();
    private final Map<String, Accumulator> accumulators = new LinkedHashMap<>();
    private final Set<Scope.Column> grouped = new HashSet<>();
    private final Set<Expr.Column> dependent = new LinkedHashSet<>();

    GroupingBuilder(Query.Select select, Scope input, PlanBuilder builder) {
        this.select = select;
        this.input = input;
        this.builder = builder;
    }

    Output build() throws UnsupportedConstructException {
        for (Expr key : select.groupBy().orElse(List.of())) {
            if (key.columns().isEmpty() && QueryRenderer.expression(key).matches("-?\\d+")) {
                throw new UnsupportedConstructException("GROUP BY a constant");
            }
            addKey(key);
            if (key instanceof Expr.Column column) {
                input.find(column).ifPresent(grouped::add);
            }
        }
        List<Project.Item> items = select.items().stream()
                .map(item -> new Project.Item(overGroups(item.expression()), item.name()))
                .toList();
        List<Expr> having = select.having().stream()
                .flatMap(condition -> condition.conjuncts().stream())
                .map(this::overGroups)
                .toList();
        for (Expr.Column column : dependent) {
            checkDependence(column);
        }
        Aggregate stage = stage();
        return new Project(having.isEmpty() ? stage : new Filter(stage, having), items);
    }

    private String addKey(Expr key) {
        return keys.computeIfAbsent(key, k -> {
            String wish = k instanceof Expr.Column column ? column.name() : "key";
            String name = stateNames.unique(wish);
            outputNames.unique(wish);
            return name;
        });
    }

    /** The expression over the Aggregate's columns. A column that is neither key nor argument depends on the keys and becomes one; {@link #checkDependence}. */
    private Expr overGroups(Expr expression) {
        return expression.replace(e -> {
            if (keys.containsKey(e)) {
                return Optional.of(reference(addKey(e)));
            }
            return switch (e) {
                case Expr.Aggregate call -> Optional.of(reference(calls.computeIfAbsent(call, this::callName)));
                case Expr.Column column -> {
                    dependent.add(column);
                    yield Optional.of(reference(addKey(column)));
                }
                case Expr.Equality equality -> Optional.empty();
                case Expr.And and -> Optional.empty();
                case Expr.Composite composite -> Optional.empty();
            };
        });
    }

    /**
     * PostgreSQL lets a column depend on its table's primary key even when other tables inherit from that one and have rows of
     * their own under the same keys. It then shows the column of any of them, where a grouping by it would make several groups.
     */
    private void checkDependence(Expr.Column column) throws UnsupportedConstructException {
        Optional<Scan> scan = input.find(column).flatMap(found -> scan(input, found));
        if (scan.isEmpty()) {
            throw new UnsupportedConstructException("column " + column.name() + " outside GROUP BY");
        }
        RelationFacts table = scan.get().table();
        if (table.uniqueKeys().stream().noneMatch(key -> isGrouped(scan.get(), key))) {
            throw new UnsupportedConstructException("column " + column.name() + " outside GROUP BY, which the primary key of "
                    + table.schema() + "." + table.name() + " does not determine because tables inherit from it");
        }
        String name = scan.get().tableColumn(column.name()).orElseThrow();
        Optional<TypeFacts> type = table.columns().stream().filter(known -> known.name().equals(name)).map(ColumnFacts::type).findFirst();
        if (type.filter(Identity::groupable).isEmpty()) {
            throw new UnsupportedConstructException("column " + column.name() + " outside GROUP BY, of a type that cannot be grouped");
        }
    }

    private boolean isGrouped(Scan scan, List<String> key) {
        return key.stream().map(scan::visibleName).allMatch(name -> scan.columns().stream()
                .anyMatch(column -> column.name().equals(name) && grouped.contains(column)));
    }

    private static Optional<Scan> scan(Scope scope, Scope.Column column) {
        return switch (scope) {
            case Scan scan -> Optional.of(scan);
            case Subquery subquery -> Optional.empty();
            case Filter filter -> scan(filter.input(), column);
            case InnerJoin join -> join.inputs().stream()
                    .filter(source -> source.columns().contains(column))
                    .findFirst()
                    .flatMap(source -> scan((Scope) source, column));
            case Aggregate aggregate -> Optional.empty();
        };
    }

    private static Expr reference(String name) {
        return new Expr.Column(Optional.empty(), name);
    }

    private String callName(Expr.Aggregate call) {
        return outputNames.unique(readableName(call.function(), call));
    }

    private static String readableName(String function, Expr.Aggregate call) {
        return call.columns().stream().findFirst().map(column -> function + "_" + column.name()).orElse(function);
    }

    private Aggregate stage() throws UnsupportedConstructException {
        Types types = probe();
        List<Aggregate.Key> keyList = keys.entrySet().stream()
                .map(key -> new Aggregate.Key(key.getValue(), key.getKey(), types.of(key.getValue()), notNull(key.getKey())))
                .toList();
        List<Aggregate.Call> callList = calls.entrySet().stream()
                .map(call -> call(call.getKey(), call.getValue(), types))
                .toList();
        return builder.stage(
                input, keyList, List.copyOf(arguments.values()), List.copyOf(accumulators.values()), callList);
    }

    private boolean notNull(Expr expression) {
        return expression instanceof Expr.Column column
                && input.find(column).map(Scope.Column::notNull).orElse(false);
    }

    // ---- types

    private record Types(Map<String, TypeFacts> byName) {
        TypeFacts of(String name) {
            return Objects.requireNonNull(byName.get(name), name);
        }
    }

    /** One question for the types of keys, arguments and results; arguments keep their typmod that way. */
    private Types probe() throws UnsupportedConstructException {
        if (keys.size() + 2 * calls.size() > WIDEST) {
            throw new UnsupportedConstructException("too many columns: %d to group by and %d aggregates".formatted(keys.size(), calls.size()));
        }
        List<String> rowExpressions = new ArrayList<>();
        List<String> rowNames = new ArrayList<>();
        keys.forEach((key, name) -> {
            rowExpressions.add(QueryRenderer.expression(key));
            rowNames.add(name);
        });
        calls.forEach((call, name) -> argument(call).ifPresent(argument -> {
            rowExpressions.add(QueryRenderer.expression(argument));
            rowNames.add("__pgt_" + name);
        }));
        List<String> from = new ArrayList<>();
        if (!rowNames.isEmpty()) {
            from.add("(" + text(rowExpressions, rowNames) + ") AS r");
        }
        if (!calls.isEmpty()) {
            List<String> texts = calls.keySet().stream().map(QueryRenderer::expression).toList();
            from.add("(" + text(texts, List.copyOf(calls.values())) + ") AS c");
        }
        Map<String, TypeFacts> types = new LinkedHashMap<>();
        builder.describe("SELECT * FROM " + String.join(" CROSS JOIN ", from))
                .forEach(column -> types.put(column.name(), column.type()));
        return new Types(types);
    }

    private String text(List<String> expressions, List<String> names) {
        return new Select(input.rows(Reading.Time.NOW, new InlineReading()), expressions, names).sql(false);
    }

    /** What an algebraic aggregate aggregates. */
    private static Optional<Expr> argument(Expr.Aggregate call) {
        boolean algebraic = ALGEBRAIC.contains(call.function())
                && call.arguments().size() == 1
                && (!call.distinct() || call.function().equals("min") || call.function().equals("max"));
        return algebraic ? Optional.of(call.arguments().getFirst()) : Optional.empty();
    }

    // ---- accumulators

    private Aggregate.Call call(Expr.Aggregate call, String name, Types types) {
        String text = QueryRenderer.expression(call);
        TypeFacts type = types.of(name);
        if (call.function().equals("count") && call.star()) {
            String column = call.filter().map(filter -> count(filterOnly(call, type), call)).orElse(Aggregate.ROWS);
            return new Aggregate.Call(name, text, column, Optional.empty(), type, true);
        }
        Optional<Argument> given = argument(call).map(expression -> argument(call, expression, types.of("__pgt_" + name)));
        if (given.isEmpty()) {
            return new Aggregate.Call(name, text, recomputed(call, type), Optional.empty(), type, false);
        }
        Argument x = given.get();
        return switch (call.function()) {
            case "count" -> new Aggregate.Call(name, text, count(x, call), Optional.empty(), type, true);
            case "min", "max" -> new Aggregate.Call(name, text, extremum(x, call), Optional.empty(), type, false);
            case "sum", "avg" -> {
                if (!INTEGERS.contains(x.type().name()) && !x.type().name().equals("numeric")) {
                    yield new Aggregate.Call(name, text, recomputed(call, type), Optional.empty(), type, false);
                }
                String sum = sum(x, call);
                Optional<String> rows =
                        call.function().equals("avg") ? Optional.of(count(x, call)) : Optional.empty();
                yield new Aggregate.Call(name, text, sum, rows, type, false);
            }
            default -> throw new IllegalStateException(call.function());
        };
    }

    /** FILTER is folded into the argument. */
    private Argument argument(Expr.Aggregate call, Expr expression, TypeFacts type) {
        String value = QueryRenderer.expression(expression);
        String sql = call.filter()
                .map(filter -> "CASE WHEN " + QueryRenderer.expression(filter) + " THEN " + value + " END")
                .orElse(value);
        return remember(sql, type, notNull(expression) && call.filter().isEmpty());
    }

    private Argument filterOnly(Expr.Aggregate call, TypeFacts type) {
        return remember("CASE WHEN " + QueryRenderer.expression(call.filter().orElseThrow()) + " THEN 1 END", type, false);
    }

    private Argument remember(String sql, TypeFacts type, boolean notNull) {
        return new Argument("__pgt_x" + (position(sql) + 1), sql, type, notNull);
    }

    private int position(String sql) {
        int position = List.copyOf(arguments.keySet()).indexOf(sql);
        return position >= 0 ? position : arguments.size();
    }

    private Argument reading(Argument argument) {
        arguments.putIfAbsent(argument.sql(), argument);
        return argument;
    }

    /** The column that counts non-NULL arguments; the group's row count where there are no others. */
    private String count(Argument x, Expr.Aggregate call) {
        if (x.notNull()) {
            return Aggregate.ROWS;
        }
        return accumulator("count of " + x.sql(), readableName("count", call), column -> new Accumulator.Count(column, reading(x)));
    }

    private String sum(Argument x, Expr.Aggregate call) {
        reading(x);
        String rows = count(x, call);
        String nextRows = rows.equals(Aggregate.ROWS) ? "t." + Aggregate.ROWS : "(" + byColumn(rows).next() + ")";
        Optional<Accumulator.Scales> scales = Optional.empty();
        if (x.type().name().equals("numeric") && x.type().typmod() < 0) {
            String column = accumulator(
                    "scales of " + x.sql(), readableName("scales", call), name -> new Accumulator.Scales(name, x));
            scales = Optional.of((Accumulator.Scales) byColumn(column));
        }
        Optional<Accumulator.Scales> scale = scales;
        return accumulator(
                "sum of " + x.sql(), readableName("sum", call), column -> new Accumulator.Sum(column, x, nextRows, scale));
    }

    private String extremum(Argument x, Expr.Aggregate call) {
        boolean max = call.function().equals("max");
        return accumulator(
                call.function() + " of " + x.sql(),
                readableName(call.function(), call),
                column -> new Accumulator.Extremum(column, max, reading(x)));
    }

    private String recomputed(Expr.Aggregate call, TypeFacts type) {
        String text = QueryRenderer.expression(call);
        return accumulator(text, readableName(call.function(), call), column -> new Accumulator.Recomputed(column, text, type));
    }

    private String accumulator(String what, String wish, Function<String, Accumulator> make) {
        Accumulator known = accumulators.get(what);
        if (known == null) {
            known = make.apply(stateNames.unique(wish));
            accumulators.put(what, known);
        }
        return known.column();
    }

    private Accumulator byColumn(String column) {
        return accumulators.values().stream()
                .filter(accumulator -> accumulator.column().equals(column))
                .findFirst()
                .orElseThrow();
    }
}
