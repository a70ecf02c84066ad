// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

import io.pgtrickle.dvm.operator.Aggregate;
import io.pgtrickle.dvm.operator.Filter;
import io.pgtrickle.dvm.operator.InnerJoin;
import io.pgtrickle.dvm.operator.Project;
import io.pgtrickle.dvm.operator.Scan;
import io.pgtrickle.dvm.operator.Scope;
import io.pgtrickle.dvm.operator.Source;
import io.pgtrickle.dvm.operator.Subquery;
import io.pgtrickle.dvm.operator.UnionAll;
import io.pgtrickle.sql.ast.Expr;
import io.pgtrickle.sql.render.QueryRenderer;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whether an {@code =} compares as the keys of its columns do, so that equal values find one row. What is not known does not.
 *
 * <pre>d.name = o.name    d.name text PRIMARY KEY, o.name text COLLATE case_insensitive:   both 'a' and 'A' of d equal 'a' of o
 * d.at = o.at        d.at timestamp PRIMARY KEY, o.at timestamptz: two times of d are one moment when clocks are turned</pre>
 */
final class SameEquality {

    /** Of pg_catalog: types of one operator family, each value of which equals at most one value of another type. */
    private static final List<Set<String>> FAMILIES = List.of(Set.of("int2", "int4", "int8"), Set.of("float4", "float8"));

    /** As PostgreSQL prints constants: 5, 5.0, true, and 'text'::type. */
    private static final Pattern CONSTANT = Pattern.compile("(\\d+)|(\\d+\\.\\d+)|(true|false)|'(?:[^']|'')*'::([^'()]+)(?:\\(\\d+(?:,\\d+)?\\))?([^'()]*)");

    private static final Pattern MODIFIER = Pattern.compile("\\(.*\\)");

    private SameEquality() {}

    static boolean between(Scope scope, Scope.Column left, Scope.Column right) {
        Optional<TypeFacts> l = type(scope, left);
        Optional<TypeFacts> r = type(scope, right);
        return l.isPresent() && r.isPresent() && comparable(l.get()) && comparable(r.get())
                && (same(l.get(), r.get()) || FAMILIES.stream().anyMatch(family -> in(family, l.get()) && in(family, r.get())));
    }

    static boolean withConstant(Scope scope, Scope.Column column, Expr constant) {
        return type(scope, column).filter(type -> comparable(type) && isConstant(constant, type)).isPresent();
    }

    private static boolean isConstant(Expr expression, TypeFacts type) {
        Matcher constant = CONSTANT.matcher(QueryRenderer.expression(expression));
        if (!constant.matches()) {
            return false;
        }
        boolean integer = in(FAMILIES.getFirst(), type);
        if (constant.group(1) != null) {
            return integer;
        }
        if (constant.group(2) != null) {
            return type.name().equals("numeric");
        }
        if (constant.group(3) != null) {
            return type.name().equals("bool");
        }
        String named = constant.group(4) + constant.group(5);
        return named.equals(MODIFIER.matcher(type.sql()).replaceFirst(""))
                || integer && Set.of("smallint", "integer", "bigint").contains(named);
    }

    /** A non-deterministic collation makes equal what another one tells apart; which one an {@code =} uses is PostgreSQL's choice. */
    private static boolean comparable(TypeFacts type) {
        return type.deterministic() && type.kind() != 'd';
    }

    private static boolean same(TypeFacts left, TypeFacts right) {
        return left.oid() == right.oid() && left.schema().equals(right.schema()) && left.name().equals(right.name());
    }

    private static boolean in(Set<String> family, TypeFacts type) {
        return type.schema().equals("pg_catalog") && family.contains(type.name());
    }

    /** A column's type; unknown for expressions of a subquery's select list. */
    private static Optional<TypeFacts> type(Scope scope, Scope.Column column) {
        return switch (scope) {
            case Scan scan -> scan.tableColumn(column.name()).flatMap(name -> scan.table().columns().stream()
                    .filter(facts -> facts.name().equals(name))
                    .map(ColumnFacts::type)
                    .findFirst());
            case Subquery subquery -> type(subquery, subquery.columns().indexOf(column));
            case Filter filter -> type(filter.input(), column);
            case InnerJoin join -> join.inputs().stream()
                    .filter(input -> input.columns().contains(column))
                    .findFirst()
                    .flatMap(input -> type((Scope) input, column));
            case Aggregate aggregate -> aggregate.keys().stream()
                    .filter(key -> key.name().equals(column.name()))
                    .map(Aggregate.Key::type)
                    .findFirst()
                    .or(() -> aggregate.calls().stream()
                            .filter(call -> call.name().equals(column.name()))
                            .map(Aggregate.Call::type)
                            .findFirst());
        };
    }

    private static Optional<TypeFacts> type(Subquery subquery, int position) {
        return switch (subquery.query()) {
            case Project project when project.items().get(position).expression() instanceof Expr.Column reference ->
                project.input().find(reference).flatMap(column -> type(project.input(), column));
            case Project project -> Optional.empty();
            case UnionAll union -> Optional.empty();
        };
    }
}
