// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.delta;

import io.pgtrickle.dvm.apply.Identity;
import io.pgtrickle.dvm.frontier.Slice;
import io.pgtrickle.dvm.operator.Reading;
import io.pgtrickle.dvm.plan.SourceUse;
import io.pgtrickle.sql.render.Quoting;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The WITH query of one table's unconsumed change rows. */
record Changes(SourceUse source, String table, Slice slice) {

    String name() {
        return "changes_" + source.relation();
    }

    /** The change rows one by one. */
    private String single() {
        return source.netting().isPresent() ? "read_" + source.relation() : name();
    }

    /**
     * The planner knows nothing about buffers and would take any number of rows for one, or for thousands. Between the branch that
     * never has rows, whose number it takes at face value, and the limit it expects what will be there.
     */
    void addTo(Program program) {
        List<String> columns = Stream.concat(columns(), Stream.of(Reading.WEIGHT)).map(column -> "b." + column).toList();
        program.with(
                single(),
                "what changed in " + table + " since the frontier; the second SELECT has no rows and tells the planner how many to expect",
                "SELECT " + String.join(", ", columns) + "\nFROM " + Quoting.qualified(slice.buffer()) + " AS b\nWHERE " + slice.condition()
                        + "\nUNION ALL\nSELECT " + String.join(", ", Collections.nCopies(columns.size(), "NULL"))
                        + "\nFROM generate_series(1, " + slice.expected() + ")\nWHERE pg_backend_pid() = 0\nLIMIT " + slice.limit());
        source.netting().ifPresent(netting -> program.with(
                name(), "the same without what came and went again", net(columns().toList(), Identity.grouping("r", netting.columns()))));
    }

    /** One row for each copy, as everywhere. Without the limit, which is never reached, the planner would expect a thousand copies of each. */
    private String net(List<String> columns, Identity.Grouping equal) {
        return "SELECT " + columns.stream().map(column -> "n." + column).collect(Collectors.joining(", ")) + ", sign(n." + Reading.WEIGHT
                + ")::smallint AS " + Reading.WEIGHT + "\nFROM (SELECT " + equal.items() + ", sum(r." + Reading.WEIGHT + ") AS " + Reading.WEIGHT + " FROM " + single()
                + " AS r GROUP BY " + equal.by() + ") AS n,\n  generate_series(1, abs(n." + Reading.WEIGHT + "))\nLIMIT " + slice.limit();
    }

    private Stream<String> columns() {
        return source.columns().stream().map(Quoting::identifier);
    }

    /**
     * How many rows were read, and whether that was more than was looked at when the program was chosen: a TRUNCATE marker may
     * have arrived since, or so much that the limit was reached, or something where there was nothing.
     */
    String seen() {
        if (slice.isQuiet()) {
            return "SELECT 0 AS rows, EXISTS (SELECT FROM " + Quoting.qualified(slice.buffer()) + " AS b WHERE " + slice.condition() + ") AS beyond";
        }
        return "SELECT count(*) AS rows, count(*) >= " + slice.limit() + " OR coalesce(bool_or(" + Reading.WEIGHT
                + " = 0), false) AS beyond FROM " + single();
    }
}
