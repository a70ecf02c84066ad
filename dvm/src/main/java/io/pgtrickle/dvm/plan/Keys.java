// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

import io.pgtrickle.dvm.apply.Identity;
import io.pgtrickle.dvm.operator.Aggregate;
import io.pgtrickle.dvm.operator.Filter;
import io.pgtrickle.dvm.operator.InnerJoin;
import io.pgtrickle.dvm.operator.Output;
import io.pgtrickle.dvm.operator.Project;
import io.pgtrickle.dvm.operator.Scan;
import io.pgtrickle.dvm.operator.Scope;
import io.pgtrickle.dvm.operator.Source;
import io.pgtrickle.dvm.operator.Subquery;
import io.pgtrickle.dvm.operator.UnionAll;
import io.pgtrickle.sql.ast.Expr;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Derives which columns identify a row of a query's result: from unique keys of the tables, through many-to-one joins, and
 * from grouping.
 *
 * <pre>orders o JOIN customers c ON o.customer = c.id,  keys o.id and c.id:
 * o.id gives o.customer, that is c.id, which gives the rest: (o.id) is a key, (c.id) is not</pre>
 */
final class Keys {

    private static final int MOST = 12;
    private static final int WIDEST = 10;

    private Keys() {}

    /**
     * Columns that identify a row.
     *
     * @param positions in the output
     * @param indexed whether they are, together, the columns of a unique index of a table, hence fit into an index
     */
    record Key(List<Integer> positions, boolean indexed) {}

    private record ScopeKey(Set<Scope.Column> columns, boolean indexed) {}

    /** The best key: the one with the fewest columns. */
    static Optional<Key> of(Output output) {
        return keys(output).stream().min(Comparator.comparing((Key key) -> key.positions().size())
                .thenComparing(key -> !key.indexed()));
    }

    /** For a result without a key: the key of one relation in it, which many rows may share but few do. */
    static Optional<Key> anchor(Output output) {
        return anchors(output).stream().min(Comparator.comparing(key -> key.positions().size()));
    }

    private static List<Key> anchors(Output output) {
        return switch (output) {
            case Project project -> anchors(project.input()).stream()
                    .flatMap(key -> through(project, key).stream())
                    .toList();
            case UnionAll union -> List.of();
        };
    }

    private static List<ScopeKey> anchors(Scope scope) {
        return switch (scope) {
            case Scan scan -> keys(scan);
            case Subquery subquery -> anchors(subquery.query()).stream()
                    .map(key -> scopeKey(subquery, key))
                    .toList();
            case Filter filter -> anchors(filter.input());
            case InnerJoin join -> join.inputs().stream()
                    .flatMap(input -> anchors((Scope) input).stream())
                    .toList();
            case Aggregate aggregate -> List.of();
        };
    }

    private static ScopeKey scopeKey(Subquery subquery, Key key) {
        return new ScopeKey(
                new HashSet<>(key.positions().stream().map(subquery.columns()::get).toList()), key.indexed());
    }

    private static List<Key> keys(Output output) {
        return switch (output) {
            case Project project -> keys(project.input()).stream()
                    .flatMap(key -> through(project, key).stream())
                    .distinct()
                    .toList();
            case UnionAll union -> List.of();
        };
    }

    /** The same key by output position, if every column of it, or one that equals it, is in the select list. */
    private static Optional<Key> through(Project project, ScopeKey key) {
        List<Integer> positions = new ArrayList<>();
        for (Scope.Column column : key.columns()) {
            Set<Scope.Column> equal = new Closure(project.input()).equalTo(column);
            int position = position(project, Set.of(column));
            position = position >= 0 ? position : position(project, equal);
            if (position < 0) {
                return Optional.empty();
            }
            positions.add(position);
        }
        return Optional.of(new Key(positions.stream().sorted().distinct().toList(), key.indexed()));
    }

    private static int position(Project project, Set<Scope.Column> columns) {
        for (int i = 0; i < project.items().size(); i++) {
            if (project.items().get(i).expression() instanceof Expr.Column reference
                    && project.input().find(reference).filter(columns::contains).isPresent()) {
                return i;
            }
        }
        return -1;
    }

    private static List<ScopeKey> keys(Scope scope) {
        return switch (scope) {
            case Scan scan -> scan.table().uniqueKeys().stream()
                    .filter(key -> scan.table().columns().stream()
                            .allMatch(column -> !key.contains(column.name()) || Identity.equalityInCatalog(column.type())))
                    .map(key -> new ScopeKey(
                            columns(scan, key.stream().map(scan::visibleName).toList()), true))
                    .toList();
            case Subquery subquery -> keys(subquery.query()).stream()
                    .map(key -> scopeKey(subquery, key))
                    .toList();
            case Filter filter -> keys(filter.input());
            case InnerJoin join -> keys(join);
            case Aggregate aggregate -> List.of(new ScopeKey(
                    columns(aggregate, aggregate.keys().stream().map(Aggregate.Key::name).toList()), false));
        };
    }

    private static Set<Scope.Column> columns(Scope scope, List<String> names) {
        Set<Scope.Column> columns = new HashSet<>();
        scope.columns().stream().filter(column -> names.contains(column.name())).forEach(columns::add);
        return columns;
    }

    /** Keys of as few inputs as possible that determine all the others. */
    private static List<ScopeKey> keys(InnerJoin join) {
        List<List<ScopeKey>> inputKeys = join.inputs().stream().map(Keys::keys).toList();
        List<ScopeKey> found = new ArrayList<>();
        for (List<Integer> combination : combinations(join.inputs().size())) {
            boolean minimal = found.isEmpty() || combination.size() == 1;
            if (minimal && found.size() < MOST) {
                choose(join, inputKeys, combination, new ScopeKey(Set.of(), combination.size() == 1), found);
            }
        }
        return found;
    }

    /** All sets of inputs, small ones first; for very wide joins only single inputs and all of them. */
    private static List<List<Integer>> combinations(int inputs) {
        List<List<Integer>> combinations = new ArrayList<>(List.of(List.of()));
        if (inputs > WIDEST) {
            IntStream.range(0, inputs).forEach(i -> combinations.add(List.of(i)));
            combinations.add(IntStream.range(0, inputs).boxed().toList());
            return combinations;
        }
        for (int i = 0; i < inputs; i++) {
            for (List<Integer> smaller : List.copyOf(combinations)) {
                List<Integer> larger = new ArrayList<>(smaller);
                larger.add(i);
                combinations.add(larger);
            }
        }
        combinations.sort(Comparator.comparingInt(List::size));
        return combinations;
    }

    private static void choose(
            InnerJoin join, List<List<ScopeKey>> inputKeys, List<Integer> inputs, ScopeKey chosen, List<ScopeKey> found) {
        if (inputs.isEmpty()) {
            if (new Closure(join).determines(chosen.columns(), inputKeys)) {
                found.add(chosen);
            }
            return;
        }
        for (ScopeKey key : inputKeys.get(inputs.getFirst())) {
            Set<Scope.Column> columns = new HashSet<>(chosen.columns());
            columns.addAll(key.columns());
            choose(
                    join,
                    inputKeys,
                    inputs.subList(1, inputs.size()),
                    new ScopeKey(columns, chosen.indexed() && key.indexed()),
                    found);
        }
    }

    /** What follows from equalities between columns, and with constants, as far as these compare as the columns' keys do. */
    private static final class Closure {

        private final Scope scope;
        private final List<Set<Scope.Column>> classes = new ArrayList<>();
        private final Set<Scope.Column> constants = new HashSet<>();

        Closure(Scope scope) {
            this.scope = scope;
            conjuncts(scope).forEach(this::learn);
        }

        private static List<Expr> conjuncts(Scope scope) {
            return switch (scope) {
                case InnerJoin join -> join.conjuncts();
                case Filter filter -> {
                    List<Expr> all = new ArrayList<>(conjuncts(filter.input()));
                    all.addAll(filter.conjuncts());
                    yield all;
                }
                case Source source -> List.of();
                case Aggregate aggregate -> List.of();
            };
        }

        private void learn(Expr conjunct) {
            if (conjunct instanceof Expr.Equality(Expr left, Expr right)) {
                Optional<Scope.Column> l = column(left);
                Optional<Scope.Column> r = column(right);
                if (l.isPresent() && r.isPresent()) {
                    if (SameEquality.between(scope, l.get(), r.get())) {
                        merge(l.get(), r.get());
                    }
                } else if (l.isPresent() && SameEquality.withConstant(scope, l.get(), right)) {
                    constants.add(l.get());
                } else if (r.isPresent() && SameEquality.withConstant(scope, r.get(), left)) {
                    constants.add(r.get());
                }
            }
        }

        private void merge(Scope.Column left, Scope.Column right) {
            Set<Scope.Column> merged = new HashSet<>(equalTo(left));
            merged.addAll(equalTo(right));
            classes.removeIf(known -> known.contains(left) || known.contains(right));
            classes.add(merged);
        }

        private Optional<Scope.Column> column(Expr expression) {
            return expression instanceof Expr.Column reference ? scope.find(reference) : Optional.empty();
        }

        Set<Scope.Column> equalTo(Scope.Column column) {
            return classes.stream().filter(known -> known.contains(column)).findFirst().orElse(Set.of(column));
        }

        /** Whether these columns fix every input of the join: an input is fixed once one of its keys is. */
        boolean determines(Set<Scope.Column> columns, List<List<ScopeKey>> inputKeys) {
            InnerJoin join = (InnerJoin) scope;
            Set<Scope.Column> known = new HashSet<>();
            columns.forEach(column -> known.addAll(equalTo(column)));
            constants.forEach(column -> known.addAll(equalTo(column)));
            Set<Source> open = new HashSet<>(join.inputs());
            for (boolean progress = true; progress && !open.isEmpty(); ) {
                progress = false;
                for (int i = 0; i < join.inputs().size(); i++) {
                    Source input = join.inputs().get(i);
                    if (open.contains(input) && inputKeys.get(i).stream().anyMatch(key -> known.containsAll(key.columns()))) {
                        input.columns().forEach(column -> known.addAll(equalTo(column)));
                        open.remove(input);
                        progress = true;
                    }
                }
            }
            return open.isEmpty();
        }
    }
}
