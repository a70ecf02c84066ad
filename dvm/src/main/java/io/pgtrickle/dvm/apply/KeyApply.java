// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.apply;

import io.pgtrickle.dvm.delta.Program;
import io.pgtrickle.dvm.plan.ColumnFacts;
import io.pgtrickle.sql.render.Quoting;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * For results with a key: one MERGE, updates in place, and only where the visible row differs.
 *
 * <pre>t: (1, 'a') (2, 'b');   Δ: (1, 'a') -1, (1, 'x') +1, (2, 'b') -1:   t: (1, 'x')</pre>
 *
 * @param key positions in {@code columns}; empty when there is at most one row
 * @param unique whether a unique index on the key columns finds rows (NOT NULL, bounded size); else an index on their hash
 * @param netted whether the change rows hold at most one -1 and one +1 for each key anyway
 */
public record KeyApply(List<ColumnFacts> columns, List<Integer> key, boolean unique, boolean netted) implements Apply {
    public KeyApply {
        columns = List.copyOf(columns);
        key = List.copyOf(key);
    }

    @Override
    public List<String> indexDdl(String table) {
        if (unique && !key.isEmpty()) {
            return List.of("CREATE UNIQUE INDEX ON " + table + " ("
                    + keyColumns().map(KeyApply::name).collect(Collectors.joining(", ")) + ")");
        }
        return hashes()
                ? List.of("CREATE INDEX ON " + table + " (" + hash("") + ")")
                : List.of();
    }

    @Override
    public Counts differential(Program program, String table, String delta) {
        program.with("net", "what comes and goes, by row", netted ? delta : netted(delta, ""));
        String columns = list(name -> "d." + name) + ", ";
        program.with(
                "changed",
                "one row for each touched key: the new row, or the old one where none comes",
                "SELECT " + columns + "true AS __pgt_present\nFROM net AS d\nWHERE d.__pgt_w > 0\nUNION ALL\nSELECT " + columns
                        + "false\nFROM net AS d\nWHERE d.__pgt_w < 0\n  AND NOT EXISTS (SELECT FROM net AS n WHERE n.__pgt_w > 0"
                        + (key.isEmpty() ? "" : " AND " + match("n.", "d.")) + ")");
        program.with(
                "applied",
                "the visible table follows",
                merge(table, "changed", "WHEN MATCHED AND NOT d.__pgt_present THEN DELETE\n", " AND d.__pgt_present")
                        + "\nRETURNING merge_action() AS action");
        String wanted = "(SELECT count(*) FROM changed WHERE NOT __pgt_present)";
        return Apply.merged(
                program, "", "EXISTS (SELECT FROM net WHERE abs(__pgt_w) > 1) OR (SELECT deleted FROM done) <> " + wanted);
    }

    @Override
    public Counts full(Program program, String table, String rows) {
        if (!unique && !key.isEmpty() && !hashes()) { // PostgreSQL has no full join by IS NOT DISTINCT FROM alone
            return new KeyApply(columns, key, false, false).differential(program, table, difference(table, rows));
        }
        program.with("wanted", "what the table shall hold", rows);
        program.with(
                "applied",
                "it becomes equal to that",
                merge(table, "wanted", "", "") + "\nWHEN NOT MATCHED BY SOURCE THEN DELETE\nRETURNING merge_action() AS action");
        return Apply.merged(program, "", "false");
    }

    private String merge(String table, String source, String delete, String present) {
        List<String> differs = new ArrayList<>();
        List<String> set = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            ColumnFacts column = columns.get(i);
            if (!key.contains(i) || !Identity.exactEquality(column.type())) {
                differs.add(Identity.same("t." + name(column), "d." + name(column), column.type()));
                set.add(name(column) + " = d." + name(column));
            }
        }
        String update = set.isEmpty()
                ? ""
                : "WHEN MATCHED AND NOT (" + String.join(" AND ", differs) + ") THEN\n  UPDATE SET " + String.join(", ", set) + "\n";
        return "MERGE INTO " + table + " AS t\nUSING " + source + " AS d\nON " + match("t.", "d.") + "\n" + delete + update
                + "WHEN NOT MATCHED" + present + " THEN\n  INSERT (" + list(name -> name) + ")\n  VALUES ("
                + list(name -> "d." + name) + ")";
    }

    private String match(String left, String right) {
        if (key.isEmpty()) {
            return "true";
        }
        Stream<String> columnsMatch = keyColumns()
                .map(column -> left + name(column) + (column.notNull() ? " = " : " IS NOT DISTINCT FROM ") + right + name(column));
        return (unique || !hashes() ? columnsMatch : Stream.concat(Stream.of(hash(left) + " = " + hash(right)), columnsMatch))
                .collect(Collectors.joining(" AND "));
    }

    private Stream<ColumnFacts> keyColumns() {
        return key.stream().map(columns::get);
    }

    private static String name(ColumnFacts column) {
        return Quoting.identifier(column.name());
    }

    private boolean hashes() {
        return Identity.hashes(keyColumns().map(ColumnFacts::type));
    }

    private String hash(String prefix) {
        return Identity.rowHash(keyColumns().map(column -> Identity.hashInput(prefix + name(column), column.type())));
    }

    @Override
    public String description() {
        return key.isEmpty()
                ? "one row at most, updated in place"
                : "updated in place by key (" + keyColumns().map(KeyApply::name).collect(Collectors.joining(", ")) + ")"
                        + (unique ? "" : ", found by its hash");
    }
}
