// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.apply;

import io.pgtrickle.dvm.delta.Program;
import io.pgtrickle.dvm.plan.ColumnFacts;
import io.pgtrickle.sql.render.Indent;
import io.pgtrickle.sql.render.Quoting;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** How changes reach the visible table. An apply adds WITH queries to the program and says where the counts are. */
public sealed interface Apply permits KeyApply, AnchorApply, BagApply {

    List<ColumnFacts> columns();

    /** Indexes the apply finds rows by. */
    List<String> indexDdl(String table);

    /**
     * Applies change rows.
     *
     * @param delta a SELECT of the columns and the weight
     */
    Counts differential(Program program, String table, String delta);

    /**
     * Makes the table equal to a query.
     *
     * @param rows a SELECT of the columns
     */
    Counts full(Program program, String table, String rows);

    /** In words. */
    String description();

    /**
     * Scalar expressions over the program's WITH queries.
     *
     * @param broken a condition that only holds when the table did not hold what the changes presuppose
     */
    record Counts(String inserted, String updated, String deleted, String broken) {}

    /** The columns' quoted names, each made into something, with commas between. */
    default String list(Function<String, String> item) {
        return columns().stream().map(column -> item.apply(Quoting.identifier(column.name()))).collect(Collectors.joining(", "));
    }

    /**
     * The counts of a MERGE whose actions are in {@code applied}.
     *
     * @param further a number of rows inserted beside it
     */
    static Counts merged(Program program, String further, String broken) {
        program.with(
                "done",
                "how many",
                """
                SELECT count(*) FILTER (WHERE action = 'INSERT') AS inserted, count(*) FILTER (WHERE action = 'UPDATE') AS updated,
                  count(*) FILTER (WHERE action = 'DELETE') AS deleted
                FROM applied""");
        return new Counts(
                "(SELECT inserted" + (further.isEmpty() ? "" : " + " + further) + " FROM done)", "(SELECT updated FROM done)", "(SELECT deleted FROM done)",
                broken);
    }

    /** What a table lacks and has too much of against a query, as change rows. */
    default String difference(String table, String rows) {
        return "SELECT " + list(name -> "q." + name) + ", 1 AS __pgt_w\nFROM (\n" + Indent.by(2, rows) + ") AS q\nUNION ALL\nSELECT "
                + list(name -> "t." + name) + ", -1 AS __pgt_w\nFROM " + table + " AS t";
    }

    /** Change rows added up by what a user sees of them; the query's weight column says how many copies came or went. */
    default String netted(String delta, String hash) {
        Identity.Grouping rows = Identity.grouping("d", columns());
        return "SELECT " + rows.items() + hash + ", sum(d.__pgt_w) AS __pgt_w\nFROM (\n" + Indent.by(2, delta) + ") AS d\nGROUP BY "
                + rows.by() + "\nHAVING sum(d.__pgt_w) <> 0";
    }
}
