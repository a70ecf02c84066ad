// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.delta;

import io.pgtrickle.dvm.apply.Identity;
import io.pgtrickle.dvm.operator.Accumulator;
import io.pgtrickle.dvm.operator.Aggregate;
import io.pgtrickle.dvm.operator.Reading;
import io.pgtrickle.dvm.operator.Reading.Time;
import io.pgtrickle.dvm.operator.Rows;
import io.pgtrickle.dvm.operator.Select;
import io.pgtrickle.sql.render.Indent;
import io.pgtrickle.sql.render.QueryRenderer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The WITH queries of one stage:
 *
 * <pre>stage1_delta    change rows of what is aggregated: keys, arguments, weight
 * stage1_groups   one row for each touched group, changes added up
 * stage1_touched  with the stored accumulators, and whether the group must be read again
 * stage1_rescan   accumulators of the groups read again
 * stage1_next     the new accumulators beside the old ones
 * stage1_write    the state table follows
 * stage1_changes  the stage's output: the old row -1, the new row +1</pre>
 */
final class StageSql {

    private static final String N = Aggregate.ROWS;
    private static final String H = Aggregate.HASH;
    private static final String W = Reading.WEIGHT;

    private final Aggregate stage;
    private final String table;

    /** @param table the state table's qualified name */
    StageSql(Aggregate stage, String table) {
        this.stage = stage;
        this.table = table;
    }

    // ---- the state table

    List<String> ddl() {
        return List.of(
                "CREATE TABLE " + table + " WITH (fillfactor = 70) AS\n" + fresh(new InlineReading()) + "\nWITH NO DATA",
                keyed() ? "CREATE UNIQUE INDEX ON " + table + " (" + keyNames() + ")" : "CREATE INDEX ON " + table + " (" + H + ")");
    }

    /** All groups from the rows themselves, in the state table's columns. */
    private String fresh(Reading reading) {
        List<String> expressions = new ArrayList<>();
        List<String> names = new ArrayList<>();
        if (!keyed()) {
            expressions.add(hash(key -> QueryRenderer.expression(key.expression())));
            names.add(H);
        }
        stage.keys().forEach(key -> {
            expressions.add(QueryRenderer.expression(key.expression()));
            names.add(key.name());
        });
        expressions.add("count(*)");
        names.add(N);
        stage.accumulators().forEach(accumulator -> {
            expressions.add(accumulator.fresh());
            names.add(accumulator.column());
        });
        return new Select(stage.input().rows(Time.NOW, reading), expressions, names).sql(false)
                + InlineReading.groupBy(stage.keys().stream().map(key -> QueryRenderer.expression(key.expression())));
    }

    // ---- reading the stage's output

    String before() {
        return "(" + output(table + " AS s", "s.", Optional.empty()) + ") AS " + stage.name();
    }

    /** In a full program: from the recomputed groups. */
    String recomputed() {
        return "(" + output(cte("groups") + " AS s", "s.", Optional.empty()) + ") AS " + stage.name();
    }

    /** In a differential program: untouched groups from the state table, touched ones as they will be. */
    String now() {
        String touched = "NOT EXISTS (SELECT FROM " + cte("next") + " AS n WHERE "
                + String.join(" AND ", matches("n.", "s.")) + ")";
        return "(" + output(table + " AS s", "s.", Optional.of(touched)) + "\nUNION ALL\n"
                + output(cte("next") + " AS n", "n.", present("n." + N)) + ") AS " + stage.name();
    }

    private String output(String from, String prefix, Optional<String> condition) {
        return new Select(
                        Rows.of(from, condition.stream().toList()),
                        Stream.concat(
                                        stage.keys().stream().map(key -> prefix + key.name()),
                                        stage.calls().stream().map(call -> call.value(prefix)))
                                .toList(),
                        stage.columns().stream().map(column -> column.name()).toList())
                .sql(false);
    }

    // ---- full

    void full(Program program, Reading reading) {
        program.with(cte("groups"), comment(stage.words()) + "\nall groups", fresh(reading));
        program.with(
                cte("write"),
                comment("the state table becomes equal to them"),
                merge(cte("groups")) + "\nWHEN NOT MATCHED BY SOURCE THEN DELETE");
    }

    // ---- differential

    void differential(Program program, Reading reading) {
        program.with(cte("delta"), comment(stage.words()) + "\nchange rows of what is aggregated", delta(reading));
        program.with(cte("groups"), comment("touched groups, changes added up"), groups());
        program.with(cte("touched"), comment("beside what is stored"), touched());
        if (rescans()) {
            program.with(cte("rescan"), comment("groups that must be read again"), rescan(reading));
        }
        program.with(cte("next"), comment("the new state of the touched groups"), next());
        program.with(cte("write"), comment("the state table follows"), write());
        program.with(cte("changes"), comment("the old rows of changed groups go, the new ones come"), changes());
    }

    /** A condition on the program's rows that can only hold when the state did not fit the changes. */
    String broken() {
        return "EXISTS (SELECT FROM " + cte("next") + " WHERE " + N + " < 0)";
    }

    private String delta(Reading reading) {
        List<String> expressions = new ArrayList<>();
        List<String> names = new ArrayList<>();
        stage.keys().forEach(key -> {
            expressions.add(QueryRenderer.expression(key.expression()));
            names.add(key.name());
        });
        stage.arguments().forEach(argument -> {
            expressions.add(argument.sql());
            names.add(argument.name());
        });
        return Select.unionAll(
                stage.input().delta(reading).stream()
                        .map(rows -> new Select(rows, expressions, names))
                        .toList(),
                true);
    }

    private String groups() {
        boolean stored = inexactKeys().findAny().isPresent()
                || stage.accumulators().stream().anyMatch(Accumulator::needsStoredRow);
        List<String> items = new ArrayList<>();
        if (!keyed()) {
            items.add(hash(key -> "d." + key.name()) + " AS " + H);
        }
        stage.keys().forEach(key -> items.add("d." + key.name()));
        items.add("sum(d." + W + ") AS " + W);
        inexactKeys().forEach(key -> items.add("sum(d." + W + ") FILTER (WHERE " + Identity.image("d." + key.name(), key.type())
                + " = " + Identity.image("o." + key.name(), key.type()) + ") AS stored_" + key.name()));
        if (inexactKeys().findAny().isPresent()) {
            items.add("count(*) FILTER (WHERE d." + W + " < 0) AS __pgt_went");
        }
        gathered().forEach(named -> items.add(named.sql() + " AS " + named.name()));
        String sql = "SELECT " + String.join(",\n  ", items) + "\nFROM " + cte("delta") + " AS d";
        if (stored) {
            sql += "\nLEFT JOIN " + table + " AS o ON " + String.join(" AND ", matches("o.", "d.", hash(key -> "d." + key.name())));
        }
        return sql
                + (stage.scalar()
                        ? "\nHAVING count(*) > 0"
                        : InlineReading.groupBy(stage.keys().stream().map(key -> "d." + key.name())));
    }

    private String touched() {
        List<String> items = new ArrayList<>();
        if (!keyed()) {
            items.add("g." + H);
        }
        stage.keys().forEach(key -> items.add("g." + key.name()));
        inexactKeys().forEach(key -> items.add("o." + key.name() + " AS old_" + key.name() + ", g.stored_" + key.name()));
        if (inexactKeys().findAny().isPresent()) {
            items.add("g.__pgt_went");
        }
        items.add("coalesce(o." + N + ", 0) AS old_" + N);
        items.add("coalesce(o." + N + ", 0) + g." + W + " AS " + N);
        stage.accumulators().forEach(accumulator ->
                items.add("o." + accumulator.column() + " AS old_" + accumulator.column()));
        gathered().forEach(named -> items.add("g." + named.name()));
        String joined = "SELECT " + String.join(",\n  ", items) + "\nFROM " + cte("groups") + " AS g\nLEFT JOIN " + table
                + " AS o ON " + String.join(" AND ", matches("o.", "g."));
        if (!rescans()) {
            return joined;
        }
        String conditions = Stream.concat(
                        inexactKeys().map(key -> "CASE WHEN t.old_" + N + " > 0 THEN t.stored_" + key.name()
                                + " < 0 ELSE t.__pgt_went > 0 END"),
                        stage.accumulators().stream().flatMap(accumulator -> accumulator.rescan().stream()))
                .map(condition -> "coalesce(" + condition + ", false)")
                .collect(Collectors.joining("\n    OR "));
        return "SELECT t.*, row_number() OVER () AS __pgt_g,\n  "
                + present("t." + N).map(condition -> condition + " AND ").orElse("") + "(" + conditions
                + ") AS __pgt_rescan\nFROM (\n" + Indent.by(2, joined) + ") AS t";
    }

    /** Groups with NULL keys are joined apart, so that for the others the body's indexes can be used. */
    private String rescan(Reading reading) {
        if (stage.scalar()) {
            return rescanAll(reading);
        }
        boolean nullable = stage.keys().stream().anyMatch(key -> !key.notNull());
        String plain = rescan(reading, false);
        return nullable ? plain + "\nUNION ALL\n" + rescan(reading, true) : plain;
    }

    private String rescan(Reading reading, boolean nullKeys) {
        List<String> items = new ArrayList<>(List.of("__pgt_f.__pgt_g"));
        List<String> conditions = new ArrayList<>();
        String flagged = "__pgt_rescan";
        List<String> flaggedColumns = new ArrayList<>(List.of("__pgt_g"));
        List<String> nullable = new ArrayList<>();
        for (int i = 0; i < stage.keys().size(); i++) {
            Aggregate.Key key = stage.keys().get(i);
            String expression = "(" + QueryRenderer.expression(key.expression()) + ")";
            flaggedColumns.add(key.name() + " AS __pgt_k" + (i + 1));
            conditions.add(expression + (nullKeys && !key.notNull() ? " IS NOT DISTINCT FROM " : " = ") + "__pgt_f.__pgt_k" + (i + 1));
            if (!key.notNull()) {
                nullable.add(key.name());
            }
            if (!Identity.exactEquality(key.type())) {
                items.add("any_value(" + expression + ") AS " + key.name());
            }
        }
        if (!nullable.isEmpty()) {
            flagged += " AND num_nulls(" + String.join(", ", nullable) + ")" + (nullKeys ? " > 0" : " = 0");
        }
        String source = cte("touched") + " WHERE " + flagged;
        conditions.add("EXISTS (SELECT FROM " + source + ")"); // keeps the body from being read for nothing
        stage.accumulators().forEach(accumulator -> items.add(accumulator.fresh() + " AS " + accumulator.column()));
        Rows rows = stage.input().rows(Time.NOW, reading).and(conditions);
        List<String> from = new ArrayList<>();
        from.add("(SELECT " + String.join(", ", flaggedColumns) + " FROM " + source + ") AS __pgt_f");
        from.addAll(rows.from());
        return "SELECT " + String.join(",\n  ", items) + "\nFROM " + String.join(",\n  ", from) + "\nWHERE "
                + String.join("\n  AND ", rows.where()) + "\nGROUP BY __pgt_f.__pgt_g";
    }

    private String rescanAll(Reading reading) {
        String flagged = cte("touched") + " WHERE __pgt_rescan";
        Select all = new Select(
                stage.input().rows(Time.NOW, reading).and(List.of("EXISTS (SELECT FROM " + flagged + ")")),
                stage.accumulators().stream().map(Accumulator::fresh).toList(),
                stage.accumulators().stream().map(Accumulator::column).toList());
        return "SELECT f.__pgt_g, r.*\nFROM (SELECT __pgt_g FROM " + flagged + ") AS f,\n  (\n" + Indent.by(4, all.sql(false))
                + "  ) AS r";
    }

    private String next() {
        List<String> items = new ArrayList<>();
        if (!keyed()) {
            items.add("t." + H);
        }
        for (Aggregate.Key key : stage.keys()) {
            if (Identity.exactEquality(key.type())) {
                items.add("t." + key.name());
            } else {
                items.add("CASE WHEN t.__pgt_rescan THEN r." + key.name() + " WHEN t.old_" + N + " > 0 THEN t.old_" + key.name()
                        + " ELSE t." + key.name() + " END AS " + key.name());
                items.add("t.old_" + key.name());
            }
        }
        items.add("t.old_" + N);
        items.add("t." + N);
        for (Accumulator accumulator : stage.accumulators()) {
            items.add((rescans()
                            ? "CASE WHEN t.__pgt_rescan THEN r." + accumulator.column() + " ELSE " + accumulator.next()
                                    + " END"
                            : accumulator.next())
                    + " AS " + accumulator.column());
            items.add("t.old_" + accumulator.column());
        }
        return "SELECT " + String.join(",\n  ", items) + "\nFROM " + cte("touched") + " AS t"
                + (rescans() ? "\nLEFT JOIN " + cte("rescan") + " AS r ON r.__pgt_g = t.__pgt_g" : "");
    }

    private String write() {
        return merge(cte("next"));
    }

    /** Writes what differs; rows of the source with no rows in their group are not stored. */
    private String merge(String source) {
        List<String> columns = new ArrayList<>();
        if (!keyed()) {
            columns.add(H);
        }
        stage.keys().forEach(key -> columns.add(key.name()));
        columns.add(N);
        stage.accumulators().forEach(accumulator -> columns.add(accumulator.column()));
        String differs = Stream.of(
                        inexactKeys().map(key -> Identity.same("s." + key.name(), "n." + key.name(), key.type())),
                        Stream.of("s." + N + " = n." + N),
                        stage.accumulators().stream().map(accumulator ->
                                accumulator.same("s." + accumulator.column(), "n." + accumulator.column())))
                .flatMap(conditions -> conditions)
                .collect(Collectors.joining(" AND "));
        String set = Stream.of(
                        inexactKeys().map(Aggregate.Key::name),
                        Stream.of(N),
                        stage.accumulators().stream().map(Accumulator::column))
                .flatMap(names -> names)
                .map(name -> name + " = n." + name)
                .collect(Collectors.joining(", "));
        StringBuilder sql = new StringBuilder("MERGE INTO " + table + " AS s\nUSING " + source + " AS n\nON "
                + String.join(" AND ", matches("s.", "n.")));
        if (!stage.scalar()) {
            sql.append("\nWHEN MATCHED AND n." + N + " <= 0 THEN DELETE");
        }
        sql.append("\nWHEN MATCHED AND NOT (" + differs + ") THEN UPDATE SET " + set);
        sql.append("\nWHEN NOT MATCHED" + present("n." + N).map(condition -> " AND " + condition).orElse("")
                + " THEN\n  INSERT (" + String.join(", ", columns) + ")\n  VALUES ("
                + columns.stream().map(name -> "n." + name).collect(Collectors.joining(", ")) + ")");
        return sql.toString();
    }

    private String changes() {
        List<String> unchanged = new ArrayList<>();
        present("old_" + N).ifPresent(unchanged::add);
        present(N).ifPresent(unchanged::add);
        inexactKeys().forEach(key -> unchanged.add(Identity.same("old_" + key.name(), key.name(), key.type())));
        Stream<String> shown = stage.calls().stream()
                .flatMap(call -> Stream.concat(Stream.of(call.column()), call.divisor().stream()))
                .distinct();
        shown.forEach(column -> unchanged.add(stage.accumulators().stream()
                .filter(accumulator -> accumulator.column().equals(column))
                .findFirst()
                .map(accumulator -> accumulator.same("old_" + column, column))
                .orElse("old_" + column + " = " + column)));
        String changed = unchanged.isEmpty() ? "false" : "NOT (" + String.join(" AND ", unchanged) + ")";
        return image("old_", "-1", present("old_" + N), changed) + "\nUNION ALL\n" + image("", "1", present(N), changed);
    }

    private String image(String prefix, String weight, Optional<String> present, String changed) {
        List<String> items = new ArrayList<>();
        stage.keys().forEach(key -> items.add(
                prefix.isEmpty() || Identity.exactEquality(key.type()) ? key.name() : prefix + key.name() + " AS " + key.name()));
        stage.calls().forEach(call -> items.add(call.value(prefix) + " AS " + call.name()));
        items.add(weight + " AS " + W);
        return "SELECT " + String.join(", ", items) + "\nFROM " + cte("next") + "\nWHERE "
                + present.map(condition -> condition + " AND ").orElse("") + changed;
    }

    // ---- pieces

    private String cte(String part) {
        return stage.name() + "_" + part;
    }

    private String comment(String what) {
        return "stage " + stage.number() + ": " + what;
    }

    private boolean rescans() {
        return inexactKeys().findAny().isPresent()
                || stage.accumulators().stream().anyMatch(accumulator -> accumulator.rescan().isPresent());
    }

    /** Several accumulators may gather the same. */
    private List<Accumulator.Named> gathered() {
        return stage.accumulators().stream()
                .flatMap(accumulator -> accumulator.gathered().stream())
                .distinct()
                .toList();
    }

    /** Keys whose {@code =} is coarser than what a user sees: the group shows one of its values. */
    private Stream<Aggregate.Key> inexactKeys() {
        return stage.keys().stream().filter(key -> !Identity.exactEquality(key.type()));
    }

    /** A group exists while it has rows; without keys there is always exactly one. */
    private Optional<String> present(String rows) {
        return stage.scalar() ? Optional.empty() : Optional.of(rows + " > 0");
    }

    private String hash(Function<Aggregate.Key, String> value) {
        return Identity.rowHash(stage.keys().stream().map(key -> Identity.hashInput(value.apply(key), key.type())));
    }

    private List<String> matches(String left, String right) {
        return matches(left, right, right + H);
    }

    private List<String> matches(String left, String right, String rightHash) {
        Stream<String> hashes = keyed() ? Stream.of() : Stream.of(left + H + " = " + rightHash);
        return Stream.concat(hashes, matchKeys(left, right)).toList();
    }

    /**
     * Whether groups are found by their keys themselves: NOT NULL and of fixed size. Joins with the stage's output use that
     * index too. Other keys are found by their hash.
     */
    private boolean keyed() {
        return !stage.scalar() && stage.keys().stream().allMatch(key -> key.notNull()
                && key.type().length() > 0
                && Identity.exactEquality(key.type()));
    }

    private String keyNames() {
        return stage.keys().stream().map(Aggregate.Key::name).collect(Collectors.joining(", "));
    }

    private Stream<String> matchKeys(String left, String right) {
        return stage.keys().stream()
                .map(key -> left + key.name() + (key.notNull() ? " = " : " IS NOT DISTINCT FROM ") + right + key.name());
    }
}
