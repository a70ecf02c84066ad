// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

import io.pgtrickle.dvm.apply.Identity;
import io.pgtrickle.dvm.operator.Accumulator;
import io.pgtrickle.dvm.operator.Aggregate;
import io.pgtrickle.dvm.operator.Filter;
import io.pgtrickle.dvm.operator.InnerJoin;
import io.pgtrickle.dvm.operator.Output;
import io.pgtrickle.dvm.operator.Project;
import io.pgtrickle.dvm.operator.Reading;
import io.pgtrickle.dvm.operator.Scan;
import io.pgtrickle.dvm.operator.Scope;
import io.pgtrickle.dvm.operator.Select;
import io.pgtrickle.dvm.operator.Source;
import io.pgtrickle.dvm.operator.Subquery;
import io.pgtrickle.dvm.operator.UnionAll;
import io.pgtrickle.dvm.delta.InlineReading;
import io.pgtrickle.sql.ast.Expr;
import io.pgtrickle.sql.ast.FromItem;
import io.pgtrickle.sql.ast.Query;
import io.pgtrickle.sql.ast.UsingColumns;
import io.pgtrickle.sql.parse.FunctionCatalog;
import io.pgtrickle.sql.parse.QueryParser;
import io.pgtrickle.sql.parse.UnsupportedConstructException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Builds the operators of one query. Normalisations happen on the way, each in its own method:
 *
 * <ol>
 *   <li>WITH queries and an ORDER BY without LIMIT are their bodies ({@link #output})
 *   <li>views become subqueries ({@link #relation})
 *   <li>joins are flattened, USING and WHERE become conjuncts of the n-way join ({@link #scope})
 *   <li>grouping expressions and aggregate calls become columns of an Aggregate, what stands around them a Project, HAVING a
 *       Filter ({@link GroupingBuilder})
 *   <li>DISTINCT and UNION become an Aggregate without calls ({@link #distinct})
 *   <li>equal stages are one stage ({@link #stage})
 * </ol>
 */
final class PlanBuilder {

    /** A table read so often is joined with itself at such length that its changes are worth adding up first. */
    private static final int READ_OFTEN = 3;

    /** Changes of so many tables of a join are always multiplied out with each other. */
    private static final int MULTIPLIED_OUT = 4;

    private static final Set<String> SYSTEM_COLUMNS = Set.of("ctid", "xmin", "xmax", "cmin", "cmax", "tableoid");

    private final QueryFacts facts;
    private final QueryParser parser;
    private final FunctionCatalog functions;
    private final TypeProbe probe;
    private final List<Aggregate> stages = new ArrayList<>();
    private final Map<Long, Set<String>> usedColumns = new LinkedHashMap<>();
    /** How often the query reads a table. */
    private final Map<Long, Integer> scans = new HashMap<>();
    /** The tables in joins so wide that what tables were before their changes has to be read ({@link InnerJoin}). */
    private final Set<Long> inWideJoins = new HashSet<>();

    PlanBuilder(QueryFacts facts, QueryParser parser, TypeProbe probe) {
        this.facts = facts;
        this.parser = parser;
        this.functions = name -> FunctionCatalog.Kind.valueOf(
                facts.functionKinds().getOrDefault(name, FunctionCatalog.Kind.SCALAR.name()));
        this.probe = probe;
    }

    Output build() throws UnsupportedConstructException {
        return output(parser.parse(facts.canonicalQuery(), functions));
    }

    /** In the order they are computed. */
    List<Aggregate> stages() {
        return List.copyOf(stages);
    }

    List<SourceUse> sources() {
        return facts.relations().stream()
                .filter(relation -> usedColumns.containsKey(relation.oid()))
                .sorted(Comparator.comparingLong(RelationFacts::oid))
                .map(relation -> new SourceUse(relation.oid(), captured(relation), netting(relation)))
                .toList();
    }

    /** Only where it pays. */
    private Optional<SourceUse.Netting> netting(RelationFacts relation) {
        if (scans.getOrDefault(relation.oid(), 0) < READ_OFTEN && !inWideJoins.contains(relation.oid())) {
            return Optional.empty();
        }
        List<String> captured = captured(relation);
        return Optional.of(new SourceUse.Netting(
                relation.columns().stream().filter(column -> captured.contains(column.name())).toList(),
                comparableKeys(relation).filter(captured::containsAll).findFirst()));
    }

    /** Unique keys whose {@code =} says whether two values look the same. */
    private static Stream<List<String>> comparableKeys(RelationFacts relation) {
        return relation.uniqueKeys().stream().filter(key -> relation.columns().stream()
                .allMatch(column -> !key.contains(column.name()) || Identity.exactEquality(column.type())));
    }

    /** What the query uses; one column if it uses none, as in count(*): every changed row must be seen, whatever it holds. */
    private List<String> captured(RelationFacts relation) {
        Set<String> used = used(relation.oid());
        List<String> all = relation.columns().stream().map(ColumnFacts::name).toList();
        if (used.isEmpty()) {
            return relation.uniqueKeys().stream().map(List::getFirst).findFirst().or(() -> all.stream().findFirst()).stream().toList();
        }
        return all.stream().filter(used::contains).toList();
    }

    private Output output(Query query) throws UnsupportedConstructException {
        return switch (query) {
            case Query.Select select -> select(select);
            case Query.Union union -> {
                Output all = unionAll(union);
                yield union.distinct() ? distinct(all) : all;
            }
            case Query.With with -> output(with.body());
            case Query.Ordered ordered -> output(ordered.body());
        };
    }

    private Output select(Query.Select select) throws UnsupportedConstructException {
        if (select.from().isEmpty()) {
            throw new UnsupportedConstructException("a query without FROM");
        }
        Scope scope = scope(select);
        List<Expr> expressions = new ArrayList<>(select.having());
        select.items().forEach(item -> expressions.add(item.expression()));
        select.groupBy().ifPresent(expressions::addAll);
        use(expressions, scope);
        boolean grouped = select.groupBy().isPresent()
                || !select.having().isEmpty()
                || select.items().stream().anyMatch(item -> !item.expression().aggregates().isEmpty());
        Output output = grouped
                ? new GroupingBuilder(select, scope, this).build()
                : new Project(
                        scope,
                        select.items().stream()
                                .map(item -> new Project.Item(item.expression(), item.name()))
                                .toList());
        return select.distinct() ? distinct(output) : output;
    }

    private Scope scope(Query.Select select) throws UnsupportedConstructException {
        List<Source> sources = new ArrayList<>();
        List<Expr> conjuncts = new ArrayList<>();
        for (FromItem item : select.from()) {
            List<Source> leaves = new ArrayList<>();
            for (FromItem.Leaf leaf : item.leaves()) {
                leaves.add(source(leaf));
            }
            conditions(item, leaves, conjuncts);
            sources.addAll(leaves);
        }
        select.where().forEach(condition -> conjuncts.addAll(condition.conjuncts()));
        if (sources.size() > 1) {
            InnerJoin join = new InnerJoin(sources, conjuncts);
            use(conjuncts, join);
            if (sources.size() > MULTIPLIED_OUT) {
                sources.stream().filter(Scan.class::isInstance).map(Scan.class::cast).forEach(scan -> inWideJoins.add(scan.table().oid()));
            }
            return join;
        }
        Source only = sources.getFirst();
        use(conjuncts, only);
        return conjuncts.isEmpty() ? only : new Filter(only, conjuncts);
    }

    private void conditions(FromItem item, List<Source> leaves, List<Expr> into) throws UnsupportedConstructException {
        if (item instanceof FromItem.InnerJoin join) {
            for (String name : join.using()) {
                checkEquality(name);
            }
            conditions(join.left(), leaves, into);
            conditions(join.right(), leaves, into);
            join.on().forEach(condition -> into.addAll(condition.conjuncts()));
            into.addAll(UsingColumns.equalities(join, leaf -> leaves.stream()
                    .filter(source -> source.alias().equals(leaf.alias()))
                    .flatMap(source -> source.columns().stream().map(Scope.Column::name))
                    .toList()));
        }
    }

    /** USING is written out as an equality; any column of that name may be the one. */
    private void checkEquality(String column) throws UnsupportedConstructException {
        for (RelationFacts relation : facts.relations()) {
            for (ColumnFacts candidate : relation.columns()) {
                if (candidate.name().equals(column) && !Identity.equalityInCatalog(candidate.type())) {
                    throw new UnsupportedConstructException("USING (" + column + ") of type " + candidate.type().sql());
                }
            }
        }
    }

    private Source source(FromItem.Leaf leaf) throws UnsupportedConstructException {
        return switch (leaf) {
            case FromItem.Relation relation -> relation(relation);
            case FromItem.Derived derived ->
                new Subquery(output(derived.query()), derived.alias(), derived.columnAliases());
        };
    }

    private Source relation(FromItem.Relation relation) throws UnsupportedConstructException {
        RelationFacts table = facts.relations().stream()
                .filter(r -> r.schema().equals(relation.schema()) && r.name().equals(relation.name()))
                .findFirst()
                .orElseThrow(() -> new UnsupportedConstructException("relation " + relation.schema() + "." + relation.name()));
        if (relation.only()) {
            throw new UnsupportedConstructException("ONLY " + table.name());
        }
        if (table.definition().isPresent()) {
            Query definition = parser.parse(table.definition().get(), functions);
            return new Subquery(output(definition), relation.alias(), relation.columnAliases());
        }
        if (!table.capturable()) {
            throw new UnsupportedConstructException(notCapturable(table));
        }
        if (table.columns().isEmpty()) {
            throw new UnsupportedConstructException("table " + table.schema() + "." + table.name() + " without columns");
        }
        used(table.oid());
        scans.merge(table.oid(), 1, Integer::sum);
        return new Scan(table, relation.alias(), relation.columnAliases());
    }

    /** Why triggers cannot watch it. */
    static String notCapturable(RelationFacts relation) {
        String name = relation.schema() + "." + relation.name();
        return switch (relation.kind()) {
            case 'm' -> "materialized view " + name;
            case 'f' -> "foreign table " + name;
            case 'S' -> "sequence " + name;
            default -> {
                if (relation.schema().equals("pg_catalog") || relation.schema().equals("information_schema")) {
                    yield "system catalog " + name;
                }
                yield relation.schema().startsWith("pg_temp") ? "temporary table " + relation.name() : "relation " + name;
            }
        };
    }

    /** Checks that every column reference means a column, and notes which table columns are read. */
    private void use(List<Expr> expressions, Scope scope) throws UnsupportedConstructException {
        for (Expr expression : expressions) {
            for (Expr.Column reference : expression.columns()) {
                Scope.Column column = scope.find(reference)
                        .orElseThrow(() -> new UnsupportedConstructException(unknown(reference)));
                use(column, scope);
            }
        }
    }

    private Set<String> used(long relation) {
        return usedColumns.computeIfAbsent(relation, oid -> new HashSet<>());
    }

    private static String unknown(Expr.Column reference) {
        return (SYSTEM_COLUMNS.contains(reference.name()) ? "system column " : "reference ") + reference.name();
    }

    private void use(Scope.Column column, Scope scope) throws UnsupportedConstructException {
        switch (scope) {
            case Scan scan -> {
                String name = scan.tableColumn(column.name()).orElseThrow();
                if (name.startsWith("__pgt_")) {
                    throw new UnsupportedConstructException("a column named " + name);
                }
                used(scan.table().oid()).add(name);
            }
            case Subquery subquery -> {}
            case Filter filter -> use(column, filter.input());
            case InnerJoin join -> {
                for (Source input : join.inputs()) {
                    if (input.columns().contains(column)) {
                        use(column, input);
                        return;
                    }
                }
            }
            case Aggregate aggregate -> {}
        }
    }

    private UnionAll unionAll(Query.Union union) throws UnsupportedConstructException {
        List<Output> branches = new ArrayList<>();
        for (Query branch : union.branches()) {
            branches.add(output(branch));
        }
        List<String> names = uniqueNames(branches.getFirst());
        StringBuilder sql = new StringBuilder();
        for (Output branch : branches) {
            List<Select> selects = branch.rows(Reading.Time.NOW, new InlineReading()).stream()
                    .map(select -> new Select(select.rows(), select.expressions(), names))
                    .toList();
            sql.append(sql.isEmpty() ? "" : "\nUNION ALL\n").append(Select.unionAll(selects, false));
        }
        List<String> types = describe(sql.toString()).stream().map(column -> column.type().sql()).toList();
        return new UnionAll(branches, names, types);
    }

    /** DISTINCT is an Aggregate without calls. */
    private Output distinct(Output output) throws UnsupportedConstructException {
        List<String> names = output.columns().stream().map(Output.Column::name).toList();
        List<String> unique = uniqueNames(output);
        Subquery rows = new Subquery(output, "rows", unique.equals(names) ? List.of() : unique);
        List<Query.SelectItem> items = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            items.add(new Query.SelectItem(new Expr.Column(Optional.of("rows"), unique.get(i)), names.get(i)));
        }
        List<Expr> keys = items.stream().map(Query.SelectItem::expression).toList();
        Query.Select select = new Query.Select(false, items, List.of(), List.of(), Optional.of(keys), List.of());
        return new GroupingBuilder(select, rows, this).build();
    }

    private static List<String> uniqueNames(Output output) {
        Set<String> taken = new HashSet<>();
        List<String> names = new ArrayList<>();
        for (Output.Column column : output.columns()) {
            String name = column.name();
            for (int i = 1; !taken.add(name); i++) {
                name = column.name() + "_" + i;
            }
            names.add(name);
        }
        return names;
    }

    /** The stage with these parts; the same parts give the same stage. */
    Aggregate stage(
            Scope input,
            List<Aggregate.Key> keys,
            List<Accumulator.Argument> arguments,
            List<Accumulator> accumulators,
            List<Aggregate.Call> calls)
            throws UnsupportedConstructException {
        for (Aggregate.Key key : keys) {
            if (!Identity.equalityInCatalog(key.type())) {
                throw new UnsupportedConstructException("grouping by type " + key.type().sql());
            }
        }
        for (Aggregate known : stages) {
            if (known.equals(new Aggregate(known.number(), input, keys, arguments, accumulators, calls))) {
                return known;
            }
        }
        Aggregate stage = new Aggregate(stages.size() + 1, input, keys, arguments, accumulators, calls);
        stages.add(stage);
        return stage;
    }

    List<ColumnFacts> describe(String select) {
        List<ColumnFacts> known = facts.probes().get(select);
        return known != null ? known : probe.describe(select);
    }
}
