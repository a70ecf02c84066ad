// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.generate;

import io.pgtrickle.suite.generate.Rel.Block;
import io.pgtrickle.suite.generate.Rel.Item;
import io.pgtrickle.suite.generate.Rel.Output;
import io.pgtrickle.suite.generate.Rel.Source;
import io.pgtrickle.suite.generate.Rel.Union;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Queries over filter, projection, inner joins, aggregation, DISTINCT and UNION [ALL], nested in each other. */
final class Queries {

    /** Inner results larger than this are not joined without an equality. */
    private static final int LARGE = 200;

    /** And larger than this not at all. */
    private static final int HUGE = 4000;

    /** What an equality leaves of a product, cautiously: few values, so many pairs. */
    private static final double EQUALITY = 1.0 / 3;

    private final RandomGenerator random;
    private final Expressions expressions;
    private final List<Source> sources;
    private final Map<String, Table> tables = new LinkedHashMap<>();
    private int aliases;

    Queries(RandomGenerator random, List<Source> sources, List<Table> tables) {
        this.random = random;
        this.expressions = new Expressions(random);
        this.sources = sources;
        tables.forEach(t -> this.tables.put(t.name(), t));
    }

    /** A query nested at most so deep. */
    Rel query(int depth) {
        return random.nextInt(100) < 12 && depth > 0 ? union(depth) : block(depth);
    }

    private Rel input(int depth) {
        return depth <= 0 || random.nextInt(100) < 65 ? expressions.pick(sources) : query(depth - 1);
    }

    private Block block(int depth) {
        List<Item> from = new ArrayList<>();
        List<Column> scope = new ArrayList<>();
        List<String> where = new ArrayList<>();
        int inputs = List.of(1, 1, 1, 1, 2, 2, 2, 3, 3, 4).get(random.nextInt(10));
        double size = 1;
        // Either commas or JOINs: after a comma, ON would not see what stands before it.
        boolean comma = expressions.chance(30);
        for (int i = 0; i < inputs; i++) {
            Rel rel = input(depth);
            String alias = "q" + ++aliases;
            List<Column> columns = rel.columns().stream().map(c -> c.named(alias + "." + c.name())).toList();
            double estimate = size * size(rel);
            List<String> on = i == 0 ? new ArrayList<>() : joinConditions(scope, columns, estimate > LARGE);
            if (i > 0 && (on.isEmpty() && estimate > LARGE || estimate > HUGE)) {
                break;
            }
            if (comma) {
                where.addAll(on);
                on.clear();
            }
            from.add(new Item(rel, alias, comma, List.copyOf(on)));
            scope.addAll(columns);
            size = on.isEmpty() && !comma ? estimate : estimate * EQUALITY;
        }
        while (expressions.chance(25)) {
            where.add(expressions.condition(scope, 2));
        }
        return select(from, scope, where);
    }

    private Block select(List<Item> from, List<Column> scope, List<String> where) {
        int shape = random.nextInt(100);
        if (shape < 40) {
            return grouped(from, scope, where);
        }
        boolean distinct = shape < 55;
        List<Column> values = new ArrayList<>();
        int width = random.nextInt(1, 5);
        for (int i = 0; i < width; i++) {
            values.add(distinct ? expressions.groupKey(scope) : expressions.value(scope, 2));
        }
        return new Block(from, where, outputs(values), distinct, false, List.of(), List.of());
    }

    private Block grouped(List<Item> from, List<Column> scope, List<String> where) {
        List<Column> keys = new ArrayList<>();
        List<Column> values = new ArrayList<>();
        Item first = from.getFirst();
        Table table = first.rel() instanceof Source s ? tables.get(s.name()) : null;
        if (table != null && !table.key().isEmpty() && !table.deferrable() && expressions.chance(15)) {
            // By the primary key: every column of the table may be selected.
            List<Column> own = table.columns().stream().map(c -> c.named(first.alias() + "." + c.name())).toList();
            own.stream().filter(c -> table.key().stream().anyMatch(k -> c.name().endsWith("." + k))).forEach(keys::add);
            own.stream().filter(c -> c.groupable()).forEach(values::add);
        } else {
            int width = random.nextInt(0, 4);
            for (int i = 0; i < width; i++) {
                keys.add(expressions.groupKey(scope));
            }
            values.addAll(expressions.chance(85) ? keys : keys.subList(0, keys.size() / 2));
        }
        int aggregates = random.nextInt(1, 4);
        for (int i = 0; i < aggregates; i++) {
            values.add(expressions.aggregateExpression(scope, 1));
        }
        List<String> having = expressions.chance(25) ? List.of(expressions.having(scope, 1)) : List.of();
        List<String> groupBy = keys.stream().map(Column::name).distinct().toList();
        return new Block(from, where, outputs(values), false, true, groupBy, having);
    }

    private static List<Output> outputs(List<Column> values) {
        List<Output> outputs = new ArrayList<>();
        for (Column value : values) {
            outputs.add(new Output(value, "c" + (outputs.size() + 1)));
        }
        return outputs;
    }

    /** Mostly an equality of two columns of one type, sometimes any condition, sometimes none. */
    private List<String> joinConditions(List<Column> left, List<Column> right, boolean equalityNeeded) {
        List<String> conditions = new ArrayList<>();
        if (equalityNeeded || expressions.chance(80)) {
            List<String> equalities = new ArrayList<>();
            for (Column l : left) {
                for (Column r : right) {
                    if (l.type().expressionType() == r.type().expressionType() && l.type().ordered) {
                        equalities.addAll(Collections.nCopies(l.type() == Type.INT ? 4 : 1, l.name() + " = " + r.name()));
                    }
                }
            }
            for (int i = 0; i < 2 && !equalities.isEmpty() && (i == 0 || expressions.chance(20)); i++) {
                conditions.add(expressions.pick(equalities));
            }
        }
        if (!equalityNeeded && expressions.chance(20)) {
            List<Column> both = new ArrayList<>(left);
            both.addAll(right);
            conditions.add(expressions.condition(both, 1));
        }
        return conditions;
    }

    private Union union(int depth) {
        Rel first = block(depth - 1);
        boolean all = expressions.chance(80) || !first.columns().stream().allMatch(Column::groupable);
        List<Rel> branches = new ArrayList<>();
        branches.add(align(first, first.columns(), all));
        int more = random.nextInt(1, 3);
        for (int i = 0; i < more; i++) {
            branches.add(align(input(depth - 1), first.columns(), all));
        }
        return new Union(List.copyOf(branches), all);
    }

    /** Brings a query to the wanted column types; what mixes numeric scales can no longer be grouped by. */
    private Rel align(Rel rel, List<Column> wanted, boolean all) {
        String alias = "q" + ++aliases;
        List<Column> scope = rel.columns().stream().map(c -> c.named(alias + "." + c.name())).toList();
        List<Column> values = new ArrayList<>();
        for (int i = 0; i < wanted.size(); i++) {
            Type type = wanted.get(i).type().expressionType();
            Column same = i < scope.size() && scope.get(i).type().expressionType() == type
                    ? scope.get(i)
                    : expressions.value(type, scope, 1);
            boolean groupable = same.groupable() && type.groupable;
            String sql = all || groupable || type != Type.NUMERIC ? same.name() : "round(" + same.name() + ", 1)";
            values.add(new Column(sql, type, groupable, same.summable() && wanted.get(i).summable()));
        }
        return new Block(List.of(new Item(rel, alias, false, List.of())), List.of(), outputs(values), false, false, List.of(), List.of());
    }

    /** About how many rows a query returns. */
    static double size(Rel rel) {
        return switch (rel) {
            case Source s -> s.size();
            case Block b -> {
                double product = b.from().stream().mapToDouble(i -> size(i.rel())).reduce(1, (x, y) -> x * y);
                double joined = product * Math.pow(EQUALITY, b.from().size() - 1);
                yield b.grouped() || b.distinct() ? Math.min(joined, 15) : joined;
            }
            case Union u -> u.branches().stream().mapToDouble(Queries::size).sum();
        };
    }
}
