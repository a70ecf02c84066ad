// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.operator;

import io.pgtrickle.sql.ast.Expr;
import io.pgtrickle.sql.render.QueryRenderer;
import java.util.List;

/**
 * WHERE on one relation, or HAVING. Linear: the rule is the operator itself.
 *
 * <pre>Δ(σp(R)) = σp(Δ(R))
 *
 * p: v > 5;  UPDATE r SET v = 7 (was 3):   (id, 3) -1   falls to p
 *                                          (id, 7) +1   stays: the row comes in</pre>
 */
public record Filter(Scope input, List<Expr> conjuncts) implements Scope {
    public Filter {
        conjuncts = List.copyOf(conjuncts);
    }

    @Override
    public List<Column> columns() {
        return input.columns();
    }

    @Override
    public Change change(Reading reading) {
        return input.change(reading);
    }

    @Override
    public Rows rows(Reading.Time time, Reading reading) {
        return input.rows(time, reading).and(conditions(conjuncts));
    }

    @Override
    public List<Rows> delta(Reading reading) {
        return input.delta(reading).stream()
                .map(rows -> rows.and(conditions(conjuncts)))
                .toList();
    }

    /** Each in brackets where its text does not bring them. */
    static List<String> conditions(List<Expr> conjuncts) {
        return conjuncts.stream()
                .map(QueryRenderer::expression)
                .map(text -> text.startsWith("(") ? text : "(" + text + ")")
                .toList();
    }
}
