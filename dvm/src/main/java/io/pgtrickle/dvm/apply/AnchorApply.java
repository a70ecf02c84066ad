// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.apply;

import io.pgtrickle.dvm.delta.Program;
import io.pgtrickle.dvm.plan.ColumnFacts;
import io.pgtrickle.sql.render.Quoting;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * For results without a key that hold the key of one of the joined tables: few rows share it, so it finds them. A row that
 * goes and one that comes under the same anchor are one update in place; what is left over goes or comes.
 *
 * <pre>t: (1, 'a') (1, 'b');   Δ: (1, 'a') -1, (1, 'x') +1, (1, 'b') -1:   t: (1, 'x')</pre>
 *
 * @param anchor positions in {@code columns}, all NOT NULL
 */
public record AnchorApply(List<ColumnFacts> columns, List<Integer> anchor) implements Apply {
    public AnchorApply {
        columns = List.copyOf(columns);
        anchor = List.copyOf(anchor);
    }

    @Override
    public List<String> indexDdl(String table) {
        return List.of("CREATE INDEX ON " + table + " (" + anchorList(name -> name) + ")");
    }

    @Override
    public Counts differential(Program program, String table, String delta) {
        program.with("net", "what comes and goes, by row", netted(delta, ""));
        String same = IntStream.range(0, columns.size())
                .filter(i -> !anchor.contains(i) || !Identity.exactEquality(columns.get(i).type()))
                .mapToObj(i -> "\n      AND " + Identity.same("t." + name(i), "d." + name(i), columns.get(i).type()))
                .collect(Collectors.joining());
        String number = "row_number() OVER (PARTITION BY " + anchorList(name -> "d." + name) + ") AS __pgt_i";
        program.with(
                "going",
                "exactly as many stored copies as shall go, numbered within their anchor",
                "SELECT v.ctid, " + anchorList(name -> "d." + name) + ", " + number
                        + "\nFROM net AS d\nCROSS JOIN LATERAL (\n    SELECT t.ctid\n    FROM " + table + " AS t\n    WHERE "
                        + anchorMatch("t.", "d.") + same + "\n    LIMIT -d.__pgt_w\n  ) AS v\nWHERE d.__pgt_w < 0");
        program.with(
                "coming",
                "the new rows, numbered alike, one copy each",
                "SELECT " + list(name -> "d." + name) + ", " + number + "\nFROM net AS d\nWHERE d.__pgt_w > 0");
        program.with(
                "further",
                "further copies, apart because the planner takes generate_series for a thousand rows",
                "INSERT INTO " + table + " (" + list(name -> name) + ")\nSELECT " + list(name -> "d." + name)
                        + "\nFROM net AS d, generate_series(2, d.__pgt_w)\nWHERE d.__pgt_w > 1\nRETURNING 1");
        program.with(
                "applied",
                "pairs are updates",
                "MERGE INTO " + table + " AS t\nUSING (\n  SELECT g.ctid AS __pgt_ctid, c.__pgt_i IS NOT NULL AS __pgt_present, "
                        + list(name -> "c." + name) + "\n  FROM going AS g\n  FULL JOIN coming AS c ON " + anchorMatch("c.", "g.")
                        + " AND c.__pgt_i = g.__pgt_i\n) AS d\nON t.ctid = d.__pgt_ctid\n"
                        + "WHEN MATCHED AND NOT d.__pgt_present THEN DELETE\nWHEN MATCHED THEN\n  UPDATE SET " + set()
                        + "\nWHEN NOT MATCHED THEN\n  INSERT (" + list(name -> name) + ")\n  VALUES ("
                        + list(name -> "d." + name) + ")\nRETURNING merge_action() AS action");
        return Apply.merged(
                program,
                "(SELECT count(*) FROM further)",
                "(SELECT count(*) FROM going) <> (SELECT coalesce(-sum(__pgt_w) FILTER (WHERE __pgt_w < 0), 0) FROM net)");
    }

    /** An anchor column needs no update, unless its {@code =} is coarser than what a user sees, or there is nothing else. */
    private String set() {
        List<Integer> exact = anchor.stream()
                .filter(i -> Identity.exactEquality(columns.get(i).type()))
                .toList();
        return IntStream.range(0, columns.size())
                .filter(i -> !exact.contains(i) || exact.size() == columns.size())
                .mapToObj(i -> name(i) + " = d." + name(i))
                .collect(Collectors.joining(", "));
    }

    @Override
    public Counts full(Program program, String table, String rows) {
        return differential(program, table, difference(table, rows));
    }

    private Stream<String> anchorNames() {
        return anchor.stream().map(this::name);
    }

    private String anchorList(Function<String, String> item) {
        return anchorNames().map(item).collect(Collectors.joining(", "));
    }

    private String anchorMatch(String left, String right) {
        return anchorNames().map(name -> left + name + " = " + right + name).collect(Collectors.joining(" AND "));
    }

    private String name(int position) {
        return Quoting.identifier(columns.get(position).name());
    }

    @Override
    public String description() {
        return "no key is known; rows are found by (" + anchorList(name -> name) + "), which few rows share, and updated in place";
    }
}
