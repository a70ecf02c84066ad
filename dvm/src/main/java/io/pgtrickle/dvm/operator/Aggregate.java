// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.operator;

import io.pgtrickle.dvm.plan.TypeFacts;
import io.pgtrickle.sql.ast.Expr;
import io.pgtrickle.sql.render.QueryRenderer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * GROUP BY, an aggregate without GROUP BY, and DISTINCT (an aggregate without calls). Not linear: it is the root of a stage,
 * whose state table remembers each group's accumulators.
 *
 * <pre>Δ(γ(R)) = for each group g touched by Δ(R):  - γ(g) as stored  + γ(g) from the stored accumulators and Δ(g)
 *
 * sum(v) by k;  INSERT (k, v) VALUES ('a', 5):   ('a', 10) -1
 *                                                ('a', 15) +1</pre>
 *
 * A group is gone when its row count reaches 0; without keys there is always exactly one row.
 *
 * @param number stages are numbered from below
 * @param keys none for an aggregate without GROUP BY
 * @param accumulators the state kept beside the keys and the row count {@value #ROWS}
 */
public record Aggregate(
        int number, Scope input, List<Key> keys, List<Accumulator.Argument> arguments, List<Accumulator> accumulators, List<Call> calls)
        implements Scope {

    /** The state table's column for a group's number of rows. */
    public static final String ROWS = "__pgt_n";

    /** The state table's column for the hash of the keys. */
    public static final String HASH = "__pgt_h";

    public Aggregate {
        keys = List.copyOf(keys);
        arguments = List.copyOf(arguments);
        accumulators = List.copyOf(accumulators);
        calls = List.copyOf(calls);
    }

    /** A grouping expression. */
    public record Key(String name, Expr expression, TypeFacts type, boolean notNull) {}

    /**
     * An output column: an accumulator, or the quotient of two for an average.
     *
     * @param text the call as the query has it
     * @param type the result's type
     */
    public record Call(String name, String text, String column, Optional<String> divisor, TypeFacts type, boolean notNull) {

        /** The value from state columns that carry a prefix, e.g. {@code t.old_}. */
        public String value(String prefix) {
            return divisor.map(rows -> prefix + column + "::numeric / " + prefix + rows + "::numeric")
                    .orElse(prefix + column);
        }
    }

    public boolean scalar() {
        return keys.isEmpty();
    }

    /** What it is, e.g. {@code DISTINCT} or {@code GROUP BY region: sum(amount), count(*)}. */
    public String words() {
        String by = keys.stream().map(key -> QueryRenderer.expression(key.expression())).collect(Collectors.joining(", "));
        String what = calls.stream().map(Call::text).collect(Collectors.joining(", "));
        return scalar() ? "aggregate " + what : calls.isEmpty() ? "DISTINCT " + by : "GROUP BY " + by + ": " + what;
    }

    /** How the stage is called in programs. */
    public String name() {
        return "stage" + number;
    }

    @Override
    public List<Column> columns() {
        List<Column> columns = new ArrayList<>();
        keys.forEach(key -> columns.add(new Column(Optional.empty(), key.name(), key.notNull())));
        calls.forEach(call -> columns.add(new Column(Optional.empty(), call.name(), call.notNull())));
        return columns;
    }

    /** Whether anything changes in what is aggregated. */
    public boolean inputChanges(Reading reading) {
        return input.change(reading).any();
    }

    @Override
    public Change change(Reading reading) {
        return new Change(false, reading.changed(this));
    }

    @Override
    public Rows rows(Reading.Time time, Reading reading) {
        return Rows.from(
                switch (time) {
                    case NOW -> reading.now(this);
                    case STORED -> reading.before(this);
                });
    }

    @Override
    public List<Rows> delta(Reading reading) {
        return change(reading).any()
                ? List.of(Rows.weighted(reading.changes(this), name() + "_changes"))
                : List.of();
    }
}
