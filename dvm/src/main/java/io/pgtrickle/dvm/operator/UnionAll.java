// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.operator;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * UNION ALL. Linear: the rule is the operator itself.
 *
 * <pre>Δ(A ⊎ B) = Δ(A) ⊎ Δ(B)
 *
 * INSERT INTO a (x) VALUES (1):   (1) +1</pre>
 *
 * @param names the columns' names, those of the first branch
 * @param types the columns' types as SQL: branches are cast to them, since a change may show only some of the branches
 */
public record UnionAll(List<Output> branches, List<String> names, List<String> types) implements Output {
    public UnionAll {
        branches = List.copyOf(branches);
        names = List.copyOf(names);
        types = List.copyOf(types);
    }

    @Override
    public List<Column> columns() {
        return IntStream.range(0, names.size())
                .mapToObj(i -> new Column(
                        names.get(i),
                        branches.stream().allMatch(branch -> branch.columns().get(i).notNull())))
                .toList();
    }

    @Override
    public Change change(Reading reading) {
        return branches.stream().map(branch -> branch.change(reading)).reduce(Change.NONE, Change::or);
    }

    @Override
    public List<Select> rows(Reading.Time time, Reading reading) {
        return branches.stream()
                .flatMap(branch -> branch.rows(time, reading).stream())
                .map(this::cast)
                .toList();
    }

    @Override
    public List<Select> delta(Reading reading) {
        return branches.stream()
                .flatMap(branch -> branch.delta(reading).stream())
                .map(this::cast)
                .toList();
    }

    private Select cast(Select select) {
        List<String> expressions = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            expressions.add("(" + select.expressions().get(i) + ")::" + types.get(i));
        }
        return new Select(select.rows(), expressions, names);
    }
}
