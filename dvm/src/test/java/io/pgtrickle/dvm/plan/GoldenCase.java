// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

import io.pgtrickle.dvm.frontier.Slice;
import io.pgtrickle.dvm.frontier.Window;
import io.pgtrickle.sql.jsqlparser.JSqlQueryParser;
import io.pgtrickle.sql.statement.QualifiedName;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * One golden file: what goes in on lines that begin with {@code --:}, what comes out below.
 *
 * <pre>--: table src: id int4!, region text, amount int4!; key id      ! is NOT NULL
 * --: view v: id int4 AS SELECT …                                 a view's canonical text, on one line
 * --: query SELECT …                                              the canonical text, on one line
 * --: output region text, total int8
 * --: probe region text, sum_amount int8                          what the server answers to the first question, the second, …
 * --: changes src, dim                                            one differential program for each such line</pre>
 */
record GoldenCase(QueryFacts facts, Deque<List<ColumnFacts>> probes, List<List<String>> changes, String header) {

    private static final String MARK = "--: ";
    private static final Target TARGET =
            new Target(QualifiedName.of("public", "st"), QualifiedName.of("pgtrickle_state", "st_1_query"), "pgtrickle_state", "st_1");

    static GoldenCase read(String file) {
        List<RelationFacts> relations = new ArrayList<>();
        Deque<List<ColumnFacts>> probes = new ArrayDeque<>();
        List<List<String>> changes = new ArrayList<>();
        Map<String, String> single = new LinkedHashMap<>();
        List<String> header = file.lines().filter(line -> line.startsWith(MARK)).toList();
        for (String line : header) {
            String[] words = line.substring(MARK.length()).split(" ", 2);
            switch (words[0]) {
                case "table" -> relations.add(table(relations.size() + 1, words[1]));
                case "view" -> relations.add(view(relations.size() + 1, words[1]));
                case "probe" -> probes.add(columns(words[1]));
                case "changes" -> changes.add(List.of(words[1].split(", ")));
                default -> single.put(words[0], words[1]);
            }
        }
        Map<String, String> kinds = new TreeMap<>();
        List.of("count", "sum", "avg", "min", "max", "string_agg").forEach(name -> kinds.put(name, "AGGREGATE"));
        QueryFacts facts = new QueryFacts(
                single.getOrDefault("query", ""), relations, columns(single.getOrDefault("output", "")), kinds,
                List.of(), List.of(), List.of(), Map.of());
        return new GoldenCase(facts, probes, changes, String.join("\n", header));
    }

    private static RelationFacts table(long oid, String text) {
        String[] parts = text.split(": ", 2);
        String[] columnsAndKeys = parts[1].split("; key ");
        List<List<String>> keys = new ArrayList<>();
        for (int i = 1; i < columnsAndKeys.length; i++) {
            keys.add(List.of(columnsAndKeys[i].split(", ")));
        }
        return new RelationFacts(
                oid, "public", parts[0], 'r', true, false, columns(columnsAndKeys[0]), keys, Optional.empty());
    }

    private static RelationFacts view(long oid, String text) {
        String[] parts = text.split(": | AS ", 3);
        return new RelationFacts(
                oid, "public", parts[0], 'v', false, false, columns(parts[1]), List.of(), Optional.of(parts[2]));
    }

    private static List<ColumnFacts> columns(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split(", (?![0-9])")).stream().map(GoldenCase::column).toList();
    }

    private static ColumnFacts column(String text) {
        String[] words = text.split(" ", 2);
        boolean notNull = words[1].endsWith("!");
        return new ColumnFacts(words[0], Types.of(words[1].replace("!", "")), notNull);
    }

    StreamPlan plan() {
        Deque<List<ColumnFacts>> answers = new ArrayDeque<>(probes);
        return new PlanCompiler(new JSqlQueryParser()).compile(facts, select -> answers.removeFirst());
    }

    /** The whole file as the compiler writes it today. */
    String render() {
        StreamPlan plan = plan();
        StringBuilder out = new StringBuilder(header).append("\n\n");
        section(out, "plan", plan.description().stream().map(line -> "-- " + line).collect(Collectors.joining("\n")));
        section(out, "tables", statements(plan.stateTableDdl(TARGET), plan.indexDdl(TARGET)));
        for (List<String> changed : changes) {
            Map<Long, Slice> slices = new TreeMap<>();
            changed.forEach(table -> slices.put(oid(table), slice(oid(table))));
            section(out, "changes of " + String.join(", ", changed), plan.differential(TARGET, slices) + ";");
        }
        section(out, "full", plan.full(TARGET) + ";");
        return out.toString();
    }

    private long oid(String table) {
        return facts.relations().stream().filter(r -> r.name().equals(table)).findFirst().orElseThrow().oid();
    }

    private static Slice slice(long oid) {
        return new Window(QualifiedName.of("pgtrickle_changes", "changes_" + oid), 900, List.of(801L, 850L), Optional.empty())
                .exactly(10);
    }

    private static String statements(List<String> first, List<String> second) {
        List<String> all = new ArrayList<>(first);
        all.addAll(second);
        return all.stream().map(sql -> sql + ";").collect(Collectors.joining("\n"));
    }

    private static void section(StringBuilder out, String title, String text) {
        out.append("-- ---- ").append(title).append("\n\n").append(text).append("\n\n");
    }
}
