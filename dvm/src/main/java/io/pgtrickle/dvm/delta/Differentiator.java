// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.delta;

import io.pgtrickle.dvm.apply.Apply;
import io.pgtrickle.dvm.apply.Apply.Counts;
import io.pgtrickle.dvm.frontier.Slice;
import io.pgtrickle.dvm.operator.Aggregate;
import io.pgtrickle.dvm.operator.Filter;
import io.pgtrickle.dvm.operator.InnerJoin;
import io.pgtrickle.dvm.operator.Operator;
import io.pgtrickle.dvm.operator.Output;
import io.pgtrickle.dvm.operator.Project;
import io.pgtrickle.dvm.operator.Reading;
import io.pgtrickle.dvm.operator.Scan;
import io.pgtrickle.dvm.operator.Select;
import io.pgtrickle.dvm.operator.Subquery;
import io.pgtrickle.dvm.operator.UnionAll;
import io.pgtrickle.dvm.plan.SourceUse;
import io.pgtrickle.dvm.plan.Target;
import io.pgtrickle.sql.render.Indent;
import io.pgtrickle.sql.render.Quoting;
import io.pgtrickle.sql.statement.QualifiedName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Writes the programs of a plan. A refresh is one statement, so everything in it sees one snapshot: the change rows, then
 * stage by stage the state tables and their output changes, then the visible table, then the counts.
 */
public final class Differentiator {

    private final Output output;
    private final List<Aggregate> stages;
    private final List<SourceUse> sources;
    private final Map<Long, String> tableNames;
    private final Apply apply;

    /** @param tableNames the sources' names by OID, for comments */
    public Differentiator(
            Output output, List<Aggregate> stages, List<SourceUse> sources, Map<Long, String> tableNames, Apply apply) {
        this.output = output;
        this.stages = List.copyOf(stages);
        this.sources = List.copyOf(sources);
        this.tableNames = new LinkedHashMap<>(tableNames);
        this.apply = apply;
    }

    /** What a stage's state table is called after its stream table's prefix. */
    public static String suffix(Aggregate stage) {
        return "_s" + stage.number();
    }

    public List<String> stateTableDdl(Target target) {
        return stages.stream().flatMap(stage -> stageSql(stage, target).ddl().stream()).toList();
    }

    static StageSql stageSql(Aggregate stage, Target target) {
        return new StageSql(stage, Quoting.qualified(target.stateSchema(), target.statePrefix() + suffix(stage)));
    }

    public String differential(Target target, Map<Long, Slice> slices) {
        Program program = new Program();
        List<Changes> changes = sources.stream()
                .filter(source -> slices.containsKey(source.relation()))
                .map(source -> new Changes(
                        source,
                        tableNames.getOrDefault(source.relation(), ""),
                        Objects.requireNonNull(slices.get(source.relation()))))
                .toList();
        List<Changes> read = changes.stream().filter(change -> !change.slice().isQuiet()).toList();
        read.forEach(change -> change.addTo(program));
        ChangeReading reading = new ChangeReading(read, target);
        List<String> broken = new ArrayList<>();
        for (Aggregate stage : stages) {
            if (reading.changed(stage)) {
                StageSql sql = stageSql(stage, target);
                sql.differential(program, reading);
                broken.add(sql.broken());
            }
        }
        List<Select> delta = output.delta(reading);
        if (delta.isEmpty()) {
            return program.select(result(new Counts("0", "0", "0", "false"), "0", List.of()));
        }
        Counts counts = apply.differential(program, Quoting.qualified(target.table()), sql(delta, true));
        if (changes.stream().allMatch(change -> change.slice().exact())) {
            return program.select(result(counts, changes.stream().map(change -> change.slice().limit()).collect(Collectors.joining(" + ")), broken));
        }
        program.with(
                "seen",
                "how much was read",
                "SELECT sum(rows) AS rows, bool_or(beyond) AS beyond\nFROM (\n"
                        + Indent.by(2, changes.stream().map(Changes::seen).collect(Collectors.joining("\nUNION ALL\n"))) + ") AS s");
        broken.add("(SELECT beyond FROM seen)");
        return program.select(result(counts, "SELECT rows FROM seen", broken));
    }

    /** Whether a join has {@link InnerJoin#tooManyTerms} when these tables changed. */
    public boolean tooManyTerms(Set<Long> relations) {
        Reading reading = changed(relations);
        return joins().anyMatch(join -> join.tooManyTerms(reading));
    }

    /** The most inputs of a join that change when these tables changed. */
    public int changedTogether(Set<Long> relations) {
        Reading reading = changed(relations);
        return joins().mapToInt(join -> join.changed(reading)).max().orElse(0);
    }

    private Reading changed(Set<Long> relations) {
        List<Changes> changes = sources.stream()
                .filter(source -> relations.contains(source.relation()))
                .map(source -> new Changes(source, "", Slice.template(source.relation(), "")))
                .toList();
        return new ChangeReading(changes, new Target(QualifiedName.of("", ""), QualifiedName.of("", ""), "", ""));
    }

    private Stream<InnerJoin> joins() {
        return Stream.concat(Stream.of(output), stages.stream().map(Aggregate::input)).flatMap(Differentiator::joins);
    }

    private static Stream<InnerJoin> joins(Operator operator) {
        return switch (operator) {
            case InnerJoin join -> Stream.concat(Stream.of(join), join.inputs().stream().flatMap(Differentiator::joins));
            case Project project -> joins(project.input());
            case Filter filter -> joins(filter.input());
            case Subquery subquery -> joins(subquery.query());
            case UnionAll union -> union.branches().stream().flatMap(Differentiator::joins);
            case Scan _ -> Stream.of();
            case Aggregate _ -> Stream.of(); // a stage of its own
        };
    }

    public String full(Target target) {
        Program program = new Program();
        Reading reading = new RecomputedReading(target);
        stages.forEach(stage -> stageSql(stage, target).full(program, reading));
        String rows = sql(output.rows(Reading.Time.NOW, reading), false);
        Counts counts = apply.full(program, Quoting.qualified(target.table()), rows);
        return program.select(result(counts, "0", List.of()));
    }

    /** A program that evaluates the query view, for queries without operators. */
    public static String recompute(Apply apply, Target target) {
        Program program = new Program();
        String rows = "SELECT " + apply.list(name -> "q." + name) + "\nFROM " + Quoting.qualified(target.queryView()) + " AS q";
        Counts counts = apply.full(program, Quoting.qualified(target.table()), rows);
        return program.select(result(counts, "0", List.of()));
    }

    /** Under the visible table's column names. */
    private String sql(List<Select> selects, boolean weighted) {
        List<String> names = apply.columns().stream().map(column -> column.name()).toList();
        List<Select> named = selects.stream()
                .map(select -> new Select(select.rows(), select.expressions(), names))
                .toList();
        return Select.unionAll(named, weighted);
    }

    private static String result(Counts counts, String deltaRows, List<String> broken) {
        List<String> all = new ArrayList<>(broken);
        if (!counts.broken().equals("false")) {
            all.add(counts.broken());
        }
        return "SELECT pg_current_snapshot()::text AS snapshot,\n  "
                + counts.inserted() + "::bigint AS rows_inserted,\n  "
                + counts.updated() + "::bigint AS rows_updated,\n  "
                + counts.deleted() + "::bigint AS rows_deleted,\n  ("
                + deltaRows + ")::bigint AS delta_rows,\n  "
                + (all.isEmpty() ? "false" : String.join("\n    OR ", all)) + " AS broken";
    }
}
