// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.operator;

import io.pgtrickle.sql.ast.Expr;
import io.pgtrickle.sql.render.Quoting;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
 * subtracts from a whole table. Where the terms would be too many, the
 * sequence Σi R1ⁿᵉʷ ⋈ … ⋈ ΔRi ⋈ … ⋈ Rnᵒˡᵈ takes over. Rᵒˡᵈ needs a key, which tells what of R has come: written as R ⊎ -ΔR, three rows
 * would stand for one that changed, and meet three each of every other table in which the same row changed.
 */
public record InnerJoin(List<Source> inputs, List<Expr> conjuncts) implements Scope {

    /** At most so many terms, each times the ways to join its inputs two by two, are planned in about a tenth of a second. */
    private static final long MOST_WAYS = 1 << 12;

    /** PostgreSQL plans longer chains of JOIN piece by piece (join_collapse_limit), and a list of FROM as a whole. */
    private static final int PLANNED_TOGETHER = 8;

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
        Map<Integer, String> from = new LinkedHashMap<>();
        inputs.forEach(input -> from.put(from.size(), input.item(time, reading)));
        return new Rows(items(from, List.of()), Filter.conditions(conjuncts), Rows.Weight.ONE);
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
        if (isMultipliedOut(tables.size())) {
            for (List<Integer> subset : subsets(tables)) {
                terms.add(term(subset, subset.size() % 2 == 0, reading));
            }
        } else {
            tables.forEach(i -> terms.add(sequenceTerm(i, tables, reading)));
        }
        return terms;
    }

    /** What it takes to plan so many terms. */
    private double ways(double terms) {
        return terms * Math.pow(2, Math.min(inputs.size(), PLANNED_TOGETHER));
    }

    private boolean isMultipliedOut(int changed) {
        return ways(Math.pow(2, changed)) <= MOST_WAYS;
    }

    public int changed(Reading reading) {
        return (int) inputs.stream().filter(input -> input.change(reading).any()).count();
    }

    /** Whether so much changed that planning the terms would take longer than computing the join anew. */
    public boolean tooManyTerms(Reading reading) {
        List<Source> tables = inputs.stream().filter(input -> input.change(reading).tables()).toList();
        int stages = (int) inputs.stream().filter(input -> input.change(reading).any()).count() - tables.size();
        boolean tablesAreTooMany = !isMultipliedOut(tables.size())
                && (ways(tables.size()) > MOST_WAYS || tables.stream().anyMatch(input -> key(input, reading).isEmpty()));
        return tablesAreTooMany || !isMultipliedOut(stages);
    }

    private static Optional<List<String>> key(Source input, Reading reading) {
        return input instanceof Scan scan ? reading.changedKey(scan) : Optional.empty();
    }

    private Rows term(List<Integer> changed, boolean negative, Reading reading) {
        Map<Integer, String> from = new LinkedHashMap<>();
        List<String> weights = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            Source input = inputs.get(i);
            if (changed.contains(i)) {
                from.put(i, input.changedItem(reading));
                weights.addAll(weight(input).factors());
            } else {
                from.put(i, stored(input, reading));
            }
        }
        return new Rows(items(from, changed), Filter.conditions(conjuncts), new Rows.Weight(negative, weights));
    }

    /** A long list in the order of the conditions, from the changed inputs on, so that what is planned together belongs together. */
    private List<String> items(Map<Integer, String> from, List<Integer> first) {
        if (inputs.size() <= PLANNED_TOGETHER) {
            return List.copyOf(from.values());
        }
        List<List<String>> conditions = conjuncts.stream()
                .map(conjunct -> conjunct.columns().stream().flatMap(column -> column.relation().stream()).distinct().toList())
                .toList();
        Set<String> placed = new HashSet<>();
        List<Integer> open = new ArrayList<>(from.keySet());
        List<String> chain = new ArrayList<>();
        while (!open.isEmpty()) {
            Integer next = open.stream()
                    .min(Comparator.comparing((Integer i) -> !first.contains(i)).thenComparing(i -> !meets(inputs.get(i).alias(), placed, conditions)))
                    .orElseThrow();
            open.remove(next);
            placed.add(inputs.get(next).alias());
            chain.add(from.get(next));
        }
        return List.of(String.join("\n  CROSS JOIN ", chain));
    }

    private static boolean meets(String alias, Set<String> placed, List<List<String>> conditions) {
        return conditions.stream().anyMatch(aliases -> aliases.contains(alias) && aliases.stream().anyMatch(placed::contains));
    }

    /** Changed tables before {@code changed} as they are, those after it as they were. */
    private Rows sequenceTerm(int changed, List<Integer> tables, Reading reading) {
        Map<Integer, String> from = new LinkedHashMap<>();
        List<String> conditions = new ArrayList<>(Filter.conditions(conjuncts));
        for (int i = 0; i < inputs.size(); i++) {
            Source input = inputs.get(i);
            if (i == changed) {
                from.put(i, input.changedItem(reading));
            } else if (i > changed && tables.contains(i)) {
                from.put(i, beforeItem((Scan) input, key(input, reading).orElseThrow(), reading));
                conditions.add(weight(input).sql() + " = 1");
            } else {
                from.put(i, stored(input, reading));
            }
        }
        return new Rows(items(from, List.of(changed)), conditions, weight(inputs.get(changed)));
    }

    private static String stored(Source input, Reading reading) {
        return input.item(input.change(reading).tables() ? Reading.Time.NOW : Reading.Time.STORED, reading);
    }

    /** With a weight of 1 for what had been there: not as a condition, as only a branch of UNION ALL without WHERE is read by way of an index. */
    private static String beforeItem(Scan input, List<String> key, Reading reading) {
        String alias = Quoting.identifier(input.alias());
        List<String> names = input.changedColumns(reading).stream().map(Column::name).toList();
        List<String> expressions =
                names.stream().map(name -> alias + "." + Quoting.identifier(name)).toList();
        List<Select> before = List.of(
                new Select(Rows.from(stored(input, reading)).weighing(hadBeenThere(input, key, reading)), expressions, names),
                new Select(Rows.from(input.changedItem(reading)).and(List.of(weight(input).sql() + " < 0")), expressions, names));
        return "(" + Select.unionAll(before, true) + ") AS " + alias;
    }

    private static Rows.Weight hadBeenThere(Scan scan, List<String> key, Reading reading) {
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
