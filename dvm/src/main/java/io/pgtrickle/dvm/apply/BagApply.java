// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.apply;

import io.pgtrickle.dvm.delta.Program;
import io.pgtrickle.dvm.plan.ColumnFacts;
import io.pgtrickle.sql.render.Quoting;
import java.util.List;
import java.util.stream.Collectors;

/**
 * For results without a key, duplicates included: exactly |w| copies of a row go, exactly w copies come. Candidates are found
 * through an index on the row's hash and compared by identity.
 *
 * <pre>t: (a) (a) (b);   Δ: (a) -1, (c) +2:   t: (a) (b) (c) (c)</pre>
 */
public record BagApply(List<ColumnFacts> columns) implements Apply {
    public BagApply {
        columns = List.copyOf(columns);
    }

    @Override
    public List<String> indexDdl(String table) {
        return hashable() ? List.of("CREATE INDEX ON " + table + " (" + hash("") + ")") : List.of();
    }

    @Override
    public Counts differential(Program program, String table, String delta) {
        program.with("net", "what comes and goes, by row", netted(delta, ", " + hash("any_value(d.", ")") + " AS __pgt_h"));
        return apply(program, table);
    }

    @Override
    public Counts full(Program program, String table, String rows) {
        return differential(program, table, difference(table, rows));
    }

    private Counts apply(Program program, String table) {
        String same = columns.stream()
                .map(column -> {
                    String name = Quoting.identifier(column.name());
                    return Identity.same("t." + name, "d." + name, column.type());
                })
                .collect(Collectors.joining("\n      AND "));
        program.with(
                "doomed",
                "exactly as many stored copies as shall go",
                "SELECT v.ctid\nFROM net AS d\nCROSS JOIN LATERAL (\n    SELECT t.ctid\n    FROM " + table + " AS t\n    WHERE "
                        + (hashable() ? hash("t.") + " = d.__pgt_h\n      AND " : "") + same
                        + "\n    LIMIT -d.__pgt_w\n  ) AS v\nWHERE d.__pgt_w < 0");
        program.with(
                "deleted",
                "they go",
                "DELETE FROM " + table + " WHERE ctid = ANY (ARRAY(SELECT ctid FROM doomed))\nRETURNING 1");
        program.with(
                "inserted",
                "the new copies come",
                "INSERT INTO " + table + " (" + list(name -> name) + ")\nSELECT " + list(name -> "d." + name)
                        + "\nFROM net AS d, generate_series(1, d.__pgt_w)\nWHERE d.__pgt_w > 0\nRETURNING 1");
        return new Counts(
                "(SELECT count(*) FROM inserted)",
                "0",
                "(SELECT count(*) FROM deleted)",
                "(SELECT count(*) FROM deleted) <> (SELECT coalesce(-sum(__pgt_w) FILTER (WHERE __pgt_w < 0), 0) FROM net)");
    }

    private boolean hashable() {
        return Identity.hashes(columns.stream().map(ColumnFacts::type));
    }

    private String hash(String prefix) {
        return hash(prefix, "");
    }

    private String hash(String before, String after) {
        return Identity.rowHash(columns.stream()
                .map(column -> Identity.hashInput(before + Quoting.identifier(column.name()) + after, column.type())));
    }

    @Override
    public String description() {
        return "no key is known; as many copies of a row go or come as changed, found by the row's hash";
    }
}
