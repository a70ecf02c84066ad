// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.generate;

import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Scalar expressions and conditions that cannot fail, whatever the values: numbers stay small (products are taken modulo),
 * divisors are guarded, nothing is cast that might not parse, no function depends on settings or the clock.
 */
final class Expressions {

    private final RandomGenerator random;

    Expressions(RandomGenerator random) {
        this.random = random;
    }

    boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    <T> T pick(List<T> items) {
        return items.get(random.nextInt(items.size()));
    }

    private String any(String... items) {
        return items[random.nextInt(items.length)];
    }

    /** An expression over the columns in scope. */
    Column value(List<Column> scope, int depth) {
        Column column = pick(scope);
        return depth == 0 || chance(50) ? column : value(column.type().expressionType(), scope, depth);
    }

    Column value(Type type, List<Column> scope, int depth) {
        if (depth == 0 || chance(25)) {
            return leaf(type, scope);
        }
        return switch (random.nextInt(8)) {
            case 0 -> conditional(type, scope, depth - 1);
            case 1 -> combine("coalesce(%s, %s)", value(type, scope, depth - 1), value(type, scope, depth - 1));
            case 2 -> type.ordered && type != Type.BPCHAR
                    ? combine("nullif(%s, %s)", value(type, scope, depth - 1), leaf(type, scope))
                    : leaf(type, scope);
            default -> operation(type, scope, depth - 1);
        };
    }

    private Column leaf(Type type, List<Column> scope) {
        List<Column> fitting = scope.stream().filter(c -> c.type().expressionType() == type).toList();
        if (!fitting.isEmpty() && chance(85)) {
            return pick(fitting);
        }
        String literal = chance(10) ? "NULL::" + type.sql : type.literal(random);
        return new Column(literal, type, type.groupable, true);
    }

    private Column conditional(Type type, List<Column> scope, int depth) {
        Column then = value(type, scope, depth);
        Column otherwise = value(type, scope, depth);
        String sql = "CASE WHEN " + condition(scope, depth).replace("%", "%%") + " THEN %s" + (chance(70) ? " ELSE %s END" : " END");
        return combine(sql, then, otherwise);
    }

    /** Both operands' properties hold for the result only if both have them. */
    private static Column combine(String format, Column a, Column b) {
        Type type = a.type() == b.type() ? a.type() : a.type().expressionType();
        boolean groupable = a.groupable() && b.groupable() && type != Type.NUMERIC && type != Type.MONEY_LIKE;
        Type result = type.expressionType();
        return new Column(format.formatted(a.name(), b.name()), result, groupable, a.summable() && b.summable());
    }

    private static Column of(Type type, String sql) {
        return new Column(sql, type, type.groupable, true);
    }

    private Column operation(Type type, List<Column> scope, int depth) {
        String a = value(type, scope, depth).name();
        String b = value(type, scope, depth).name();
        return switch (type) {
            case INT -> of(type, switch (random.nextInt(8)) {
                case 0 -> "(" + a + " + " + b + ")";
                case 1 -> "(" + a + " - " + b + ")";
                case 2 -> "((" + a + " % 10) * (" + b + " % 10))";
                case 3 -> "(" + a + " / nullif(" + b + ", 0))";
                case 4 -> "length(" + value(Type.TEXT, scope, depth).name() + ")";
                case 5 -> "cardinality(" + leaf(Type.INT_ARRAY, scope).name() + ")";
                case 6 -> "(" + condition(scope, depth) + ")::integer";
                default -> any("abs", "- ") + "(" + a + ")";
            });
            case BIGINT -> of(type, switch (random.nextInt(3)) {
                case 0 -> "(" + a + " + " + value(Type.INT, scope, depth).name() + ")";
                case 1 -> "((" + a + " % 1000) * (" + b + " % 1000))";
                default -> value(Type.INT, scope, depth).name() + "::bigint";
            });
            case NUMERIC -> switch (random.nextInt(5)) {
                case 0 -> new Column("round(" + a + ", 1)", type, true, true);
                case 1 -> new Column("trim_scale(" + a + ")", type, true, true);
                case 2 -> of(type, "(" + a + " / nullif(" + b + ", 0))");
                case 3 -> of(type, "(" + a + " " + any("+", "-", "*") + " " + b + ")");
                default -> of(type, "(" + value(Type.INT, scope, depth).name() + " * 0.5)");
            };
            case FLOAT -> combine("(%s " + any("+", "-") + " %s)", value(type, scope, depth), value(type, scope, depth));
            case TEXT -> of(type, switch (random.nextInt(8)) {
                case 0 -> "(" + a + " || " + b + ")";
                case 1 -> any("upper(", "lower(", "reverse(", "btrim(") + a + ")";
                case 2 -> "left(" + a + ", 2)";
                case 3 -> "replace(" + a + ", 'a', '-')";
                case 4 -> "(" + value(Type.INT, scope, depth).name() + ")::text";
                case 5 -> "(" + leaf(Type.JSONB, scope).name() + " ->> 'a')";
                case 6 -> "(" + leaf(Type.JSON, scope).name() + " ->> 'a')";
                default -> "concat_ws('/', " + a + ", " + b + ")";
            });
            case BOOL -> of(type, "(" + condition(scope, depth) + ")");
            case DATE -> of(type, "(" + a + " + (" + value(Type.INT, scope, depth).name() + " % 100))");
            case TIMESTAMP -> of(type, chance(50) ? "date_trunc('month', " + a + ")" : "(" + a + " + '1 day'::interval)");
            case TIMESTAMPTZ -> of(type, any("greatest", "least") + "(" + a + ", " + b + ")");
            case INTERVAL -> of(type, "(" + a + " + " + b + ")");
            case JSONB -> of(type, "jsonb_build_object('a', " + a + ")");
            case INT_ARRAY -> of(type, chance(50)
                    ? "ARRAY[" + value(Type.INT, scope, depth).name() + ", " + value(Type.INT, scope, depth).name() + "]"
                    : "array_remove(" + a + ", 1)");
            case MONEY_LIKE, VARCHAR, BPCHAR, JSON, UUID, BYTEA, POINT -> leaf(type.expressionType(), scope);
        };
    }

    /** A condition; its value may be NULL. */
    String condition(List<Column> scope, int depth) {
        int kind = random.nextInt(depth > 0 ? 14 : 9);
        if (kind >= 11) {
            return "(" + condition(scope, depth - 1) + any(" AND ", " OR ", " OR ") + condition(scope, depth - 1) + ")";
        }
        if (kind == 10) {
            return "NOT (" + condition(scope, depth - 1) + ")";
        }
        if (kind == 9) {
            return "(" + condition(scope, depth - 1) + ") IS " + any("", "NOT ") + any("TRUE", "FALSE", "UNKNOWN");
        }
        Column column = pick(scope);
        return kind == 0 || !column.type().ordered
                ? column.name() + " IS " + any("", "NOT ", "NOT ", "NOT ") + "NULL"
                : comparison(column, kind, scope, depth);
    }

    private String comparison(Column column, int kind, List<Column> scope, int depth) {
        Type type = column.type().expressionType();
        String x = column.name();
        String other = depth > 0 ? value(type, scope, depth - 1).name() : x;
        String y = other.equals(x) ? type.literal(random) : other;
        return switch (kind) {
            case 1 -> x + " IS " + any("", "NOT ") + "DISTINCT FROM " + y;
            case 2 -> x + any(" IN (", " NOT IN (", " NOT IN (") + IntStream.range(0, 3)
                    .mapToObj(i -> type.literal(random))
                    .collect(Collectors.joining(", ")) + ")";
            case 3 -> x + any(" BETWEEN ", " NOT BETWEEN ", " NOT BETWEEN ") + type.literal(random) + " AND " + y;
            case 4, 5 -> switch (type) {
                case TEXT -> x + any(" LIKE ", " NOT LIKE ", " ILIKE ", " NOT ILIKE ") + any("'a%'", "'%b'", "'_'", "'%\\%%'", "'%'");
                case JSONB -> x + " @> '{\"a\": 1}'::jsonb";
                case INT_ARRAY -> "1 = ANY (" + x + ")";
                case BOOL -> x;
                case INT, BIGINT, NUMERIC, MONEY_LIKE, FLOAT, VARCHAR, BPCHAR, DATE, TIMESTAMP, TIMESTAMPTZ, INTERVAL, JSON,
                        UUID, BYTEA, POINT -> x + any(" < ", " > ") + y;
            };
            default -> x + any(" = ", " <> ", " <> ", " < ", " >= ") + y;
        };
    }

    /** An expression to group by: contains a column (a bare constant would be a position), and equal values print alike. */
    Column groupKey(List<Column> scope) {
        Column column = pick(scope);
        String x = column.name();
        if (!column.groupable()) {
            return switch (column.type()) {
                case NUMERIC, MONEY_LIKE -> new Column("trim_scale(" + x + ")", Type.NUMERIC, true, true);
                case FLOAT, INTERVAL -> of(Type.BOOL, "(" + x + " > " + column.type().literal(random) + ")");
                case JSON, JSONB, POINT -> of(Type.TEXT, "(" + x + ")::text");
                case INT, BIGINT, TEXT, VARCHAR, BPCHAR, BOOL, DATE, TIMESTAMP, TIMESTAMPTZ, INT_ARRAY, UUID, BYTEA ->
                    of(Type.BOOL, "(" + x + " IS NULL)");
            };
        }
        if (chance(65)) {
            return column;
        }
        return switch (column.type()) {
            case INT -> of(Type.INT, "(" + x + " % 3)");
            case TEXT -> of(Type.TEXT, "lower(" + x + ")");
            case DATE -> of(Type.DATE, "(" + x + " + 1)");
            case TIMESTAMP -> of(Type.TIMESTAMP, "date_trunc('month', " + x + ")");
            case BIGINT, NUMERIC, MONEY_LIKE, FLOAT, VARCHAR, BPCHAR, BOOL, TIMESTAMPTZ, INTERVAL, JSON, JSONB, INT_ARRAY, UUID,
                    BYTEA, POINT -> column;
        };
    }

    /** COUNT, SUM, AVG, MIN or MAX over the columns in scope, perhaps with FILTER. */
    Column aggregate(List<Column> scope, int depth) {
        Column argument = value(scope, depth);
        String filter = chance(20) ? " FILTER (WHERE " + condition(scope, depth) + ")" : "";
        int kind = random.nextInt(10);
        if (kind == 0) {
            return of(Type.BIGINT, "count(*)" + filter);
        }
        if (kind == 1) {
            return of(Type.BIGINT, "count(" + argument.name() + ")" + filter);
        }
        return kind < 7 ? additive(argument, kind < 5, filter) : extremum(argument, filter);
    }

    private Column additive(Column argument, boolean sum, String filter) {
        String x = argument.name();
        String call = (sum ? "sum(" : "avg(") + x + ")" + filter;
        return switch (argument.type()) {
            case INT -> sum ? of(Type.BIGINT, call) : of(Type.NUMERIC, call);
            // The scale of a sum of integers is 0, of numeric(8,2) it is 2: equal sums print alike.
            case BIGINT, MONEY_LIKE -> new Column(call, Type.NUMERIC, sum, true);
            case NUMERIC, INTERVAL -> of(argument.type(), call);
            case FLOAT -> argument.summable()
                    ? new Column(call, Type.FLOAT, false, sum)
                    : of(Type.BIGINT, "count(" + x + ")" + filter);
            case TEXT, VARCHAR, BPCHAR, BOOL, DATE, TIMESTAMP, TIMESTAMPTZ, JSON, JSONB, INT_ARRAY, UUID, BYTEA, POINT ->
                of(Type.BIGINT, "count(" + x + ")" + filter);
        };
    }

    private Column extremum(Column argument, String filter) {
        Type type = argument.type();
        boolean defined = argument.groupable() && type.ordered && type != Type.BOOL && type != Type.UUID;
        if (!defined) {
            return of(Type.BIGINT, "count(" + argument.name() + ")" + filter);
        }
        String call = any("min(", "max(") + argument.name() + ")" + filter;
        return new Column(call, type.expressionType(), true, argument.summable());
    }

    /** Something made of aggregates, or an aggregate as it is. */
    Column aggregateExpression(List<Column> scope, int depth) {
        Column a = aggregate(scope, depth);
        if (chance(75)) {
            return a;
        }
        String x = a.name();
        return switch (a.type()) {
            case BIGINT -> of(Type.BIGINT, any("coalesce(%s, 0)", "(%s + count(*))", "CASE WHEN count(*) > 2 THEN %s END").formatted(x));
            case NUMERIC -> any("r", "c").equals("r")
                    ? new Column("round(" + x + ", 2)", Type.NUMERIC, true, true)
                    : of(Type.NUMERIC, "coalesce(" + x + ", 0.000)");
            case INT -> of(Type.INT, "(" + x + " - 1)");
            case TEXT -> of(Type.TEXT, "(" + x + " || '!')");
            case MONEY_LIKE, FLOAT, VARCHAR, BPCHAR, BOOL, DATE, TIMESTAMP, TIMESTAMPTZ, INTERVAL, JSON, JSONB, INT_ARRAY, UUID, BYTEA,
                    POINT -> a;
        };
    }

    String having(List<Column> scope, int depth) {
        if (chance(40)) {
            return "count(*) > " + random.nextInt(0, 3);
        }
        Column a = aggregate(scope, depth);
        return a.type().ordered
                ? a.name() + any(" > ", " <= ", " <> ") + a.type().literal(random)
                : a.name() + " IS NOT NULL";
    }
}
