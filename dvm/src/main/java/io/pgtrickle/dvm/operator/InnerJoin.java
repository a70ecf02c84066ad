// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.operator;

import io.pgtrickle.sql.ast.Expr;
import io.pgtrickle.sql.render.Quoting;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

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
 * sequence Σi R1ⁿᵉʷ ⋈ … ⋈ ΔRi ⋈ … ⋈ Rnᵒˡᵈ takes over, with Rᵒˡᵈ written as R ⊎ -ΔR; by a key, where there is one, without what
 * would cancel out, since three rows for each one that changed would be multiplied with three of the next table.
 */
public record InnerJoin(List<Source> inputs, List<Expr> conjuncts) implements Scope {

    public static final int MULTIPLIED_OUT = 4;

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

    /**
     * How many changed inputs three rows stand for where one changed, all of which meet each other when the same row changed in all
     * of them: the cost grows by that power.
     */
    public int tripled(Reading reading) {
        List<Source> tables = inputs.stream().filter(input -> input.change(reading).tables()).toList();
        return tables.size() <= MULTIPLIED_OUT ? 0 : (int) tables.stream().filter(input -> key(input, reading).isEmpty()).count();
    }

    private static Optional<List<String>> key(Source input, Reading reading) {
        return input instanceof Scan scan ? reading.changedKey(scan) : Optional.empty();
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
        List<String> conditions = new ArrayList<>(Filter.conditions(conjuncts));
        List<String> weights = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            Source input = inputs.get(i);
            if (i == changed) {
                from.add(input.changedItem(reading));
                weights.addAll(weight(input).factors());
            } else if (i > changed && tables.contains(i)) {
                from.add(beforeItem(input, reading));
                weights.addAll(weight(input).factors());
                key(input, reading).ifPresent(_ -> conditions.add(weight(input).sql() + " <> 0"));
            } else {
                from.add(stored(input, reading));
            }
        }
        return new Rows(from, conditions, new Rows.Weight(false, weights));
    }

    private static String stored(Source input, Reading reading) {
        return input.item(input.change(reading).tables() ? Reading.Time.NOW : Reading.Time.STORED, reading);
    }

    /** With a weight that may be 0. */
    private static String beforeItem(Source input, Reading reading) {
        String alias = Quoting.identifier(input.alias());
        List<String> names = input.changedColumns(reading).stream().map(Column::name).toList();
        List<String> expressions =
                names.stream().map(name -> alias + "." + Quoting.identifier(name)).toList();
        Optional<List<String>> key = key(input, reading);
        Rows stored = Rows.from(stored(input, reading));
        Rows changed = Rows.from(input.changedItem(reading));
        String weight = weight(input).sql();
        List<Select> before = key.isPresent()
                ? List.of(
                        new Select(stored.weighing(cameIn((Scan) input, key.get(), reading)), expressions, names),
                        new Select(changed.and(List.of(weight + " < 0")), expressions, names))
                : List.of(
                        new Select(stored, expressions, names),
                        new Select(changed.weighing(new Rows.Weight(true, weight(input).factors())), expressions, names));
        return "(" + Select.unionAll(before, true) + ") AS " + alias;
    }

    /**
     * 0 for a row that came, 1 for one that had been there. Not as a condition: only a branch of UNION ALL without WHERE is read by
     * way of an index.
     */
    private static Rows.Weight cameIn(Scan scan, List<String> key, Reading reading) {
        String alias = Quoting.identifier(scan.alias());
        String values = key.stream()
                .map(column -> alias + "." + Quoting.identifier(scan.visibleName(column)))
                .collect(Collectors.joining(", "));
        return new Rows.Weight(false, List.of("CASE WHEN (%s) IN (SELECT %s FROM %s WHERE %s > 0) THEN 0 ELSE 1 END".formatted(
                values, key.stream().map(Quoting::identifier).collect(Collectors.joining(", ")), reading.changes(scan), Reading.WEIGHT)));
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
