// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.operator;

import io.pgtrickle.sql.ast.Expr;
import io.pgtrickle.sql.render.QueryRenderer;
import java.util.List;

/**
 * A select list. Linear: the rule is the operator itself.
 *
 * <pre>Δ(π e1, e2 (R)) = π e1, e2 (Δ(R))
 *
 * e: v * 2;  UPDATE r SET v = 7 (was 3):   (6)  -1
 *                                          (14) +1</pre>
 */
public record Project(Scope input, List<Item> items) implements Output {
    public Project {
        items = List.copyOf(items);
    }

    /** An expression in the scope of the input, and its name. */
    public record Item(Expr expression, String name) {}

    @Override
    public List<Column> columns() {
        return items.stream()
                .map(item -> new Column(item.name(), notNull(item.expression())))
                .toList();
    }

    private boolean notNull(Expr expression) {
        return expression instanceof Expr.Column reference
                && input.find(reference).map(Scope.Column::notNull).orElse(false);
    }

    @Override
    public Change change(Reading reading) {
        return input.change(reading);
    }

    @Override
    public List<Select> rows(Reading.Time time, Reading reading) {
        return List.of(select(input.rows(time, reading)));
    }

    @Override
    public List<Select> delta(Reading reading) {
        return input.delta(reading).stream().map(this::select).toList();
    }

    private Select select(Rows rows) {
        return new Select(
                rows,
                items.stream().map(item -> QueryRenderer.expression(item.expression())).toList(),
                items.stream().map(Item::name).toList());
    }
}
