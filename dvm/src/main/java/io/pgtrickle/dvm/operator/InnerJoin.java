// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.operator;

import io.pgtrickle.sql.ast.Expr;
import io.pgtrickle.sql.render.Quoting;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * An n-way inner or cross join; WHERE belongs to the conjuncts.
 *
 * <p>With R as the database holds it while the program runs, a changed table is Rⁿᵉʷ = R, Rᵒˡᵈ = R - ΔR, and a changed stage is
 * Rᵒˡᵈ = R, Rⁿᵉʷ = R + ΔR. Multiplying out Π Rⁿᵉʷ - Π Rᵒˡᵈ leaves one term for each set S of changed inputs of the same kind:
 *
 * <pre>Δ(R1 ⋈ … ⋈ Rn) = Σ S ⊆ stages, S ≠ ∅:              ⋈ i∈S ΔRi ⋈ j∉S Rj
 *                + Σ S ⊆ tables, S ≠ ∅:  (-1)^(|S|+1) ⋈ i∈S ΔRi ⋈ j∉S Rj
 *
 * a ⋈ b, both changed:   Δa ⋈ b  +  a ⋈ Δb  -  Δa ⋈ Δb</pre>
 *
 * Every term starts from change rows and reads the other relations as they are, so their indexes serve; nothing ever
 * subtracts from a whole table. For more than {@value #MULTIPLIED_OUT} changed tables, where the terms would be too many, the
 * sequence Σi R1ⁿᵉʷ ⋈ … ⋈ ΔRi ⋈ … ⋈ Rnᵒˡᵈ takes over, with Rᵒˡᵈ written as R ⊎ -ΔR.
 */
public record InnerJoin(List<Source> inputs, List<Expr> conjuncts) implements Scope {

    private static final int MULTIPLIED_OUT = 4;

    public InnerJoin {
        inputs = List.copyOf(inputs);
        conjuncts = List.copyOf(conjuncts);
    }

    @Override
    public List<Column> columns() {
        return inputs.stream().flatMap(input -> input.columns().stream()).toList();
    }

    @Override
    public Change change(Reading reading) {
        return inputs.stream().map(input -> input.change(reading)).reduce(Change.NONE, Change::or);
    }

    @Override
    public Rows rows(Reading.Time time, Reading reading) {
        List<String> from = inputs.stream().map(input -> input.item(time, reading)).toList();
        return new Rows(from, Filter.conditions(conjuncts), Rows.Weight.ONE);
    }

    @Override
    public List<Rows> delta(Reading reading) {
        List<Integer> tables = new ArrayList<>();
        List<Integer> stages = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            Change change = inputs.get(i).change(reading);
            if (change.tables()) {
                tables.add(i); // an input of both kinds is read NOW, hence behaves like a table
            } else if (change.stages()) {
                stages.add(i);
            }
        }
        List<Rows> terms = new ArrayList<>();
        for (List<Integer> subset : subsets(stages)) {
            terms.add(term(subset, false, reading));
        }
        if (tables.size() <= MULTIPLIED_OUT) {
            for (List<Integer> subset : subsets(tables)) {
                terms.add(term(subset, subset.size() % 2 == 0, reading));
            }
        } else {
            tables.forEach(i -> terms.add(sequenceTerm(i, tables, reading)));
        }
        return terms;
    }

    private Rows term(List<Integer> changed, boolean negative, Reading reading) {
        List<String> from = new ArrayList<>();
        List<String> weights = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            Source input = inputs.get(i);
            if (changed.contains(i)) {
                from.add(input.changedItem(reading));
                weights.addAll(weight(input).factors());
            } else {
                from.add(stored(input, reading));
            }
        }
        return new Rows(from, Filter.conditions(conjuncts), new Rows.Weight(negative, weights));
    }

    /** Changed tables before {@code changed} as they are, those after it as they were. */
    private Rows sequenceTerm(int changed, List<Integer> tables, Reading reading) {
        List<String> from = new ArrayList<>();
        List<String> weights = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            Source input = inputs.get(i);
            if (i == changed) {
                from.add(input.changedItem(reading));
                weights.addAll(weight(input).factors());
            } else if (i > changed && tables.contains(i)) {
                from.add(beforeItem(input, reading));
                weights.addAll(weight(input).factors());
            } else {
                from.add(stored(input, reading));
            }
        }
        return new Rows(from, Filter.conditions(conjuncts), new Rows.Weight(false, weights));
    }

    private static String stored(Source input, Reading reading) {
        return input.item(input.change(reading).tables() ? Reading.Time.NOW : Reading.Time.STORED, reading);
    }

    private static String beforeItem(Source input, Reading reading) {
        String alias = Quoting.identifier(input.alias());
        List<String> names = input.changedColumns(reading).stream().map(Column::name).toList();
        List<String> expressions =
                names.stream().map(name -> alias + "." + Quoting.identifier(name)).toList();
        Rows gone = new Rows(
                List.of(input.changedItem(reading)),
                List.of(),
                new Rows.Weight(true, weight(input).factors()));
        List<Select> before = List.of(
                new Select(Rows.from(stored(input, reading)), expressions, names), new Select(gone, expressions, names));
        return "(" + Select.unionAll(before, true) + ") AS " + alias;
    }

    private static Rows.Weight weight(Source input) {
        return Rows.Weight.of(Quoting.identifier(input.alias()));
    }

    /** The non-empty subsets, small ones first. */
    private static List<List<Integer>> subsets(List<Integer> elements) {
        List<List<Integer>> subsets = new ArrayList<>();
        for (int bits = 1; bits < 1 << elements.size(); bits++) {
            List<Integer> subset = new ArrayList<>();
            for (int i = 0; i < elements.size(); i++) {
                if ((bits & 1 << i) != 0) {
                    subset.add(elements.get(i));
                }
            }
            subsets.add(subset);
        }
        subsets.sort(Comparator.comparingInt(List::size));
        return subsets;
    }
}
