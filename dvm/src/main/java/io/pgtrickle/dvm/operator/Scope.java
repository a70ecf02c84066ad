// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.operator;

import io.pgtrickle.sql.ast.Expr;
import java.util.List;
import java.util.Optional;

/** What an expression can refer to: FROM, restricted and grouped. */
public sealed interface Scope extends Operator permits Source, InnerJoin, Filter, Aggregate {

    List<Column> columns();

    /** All rows. */
    Rows rows(Reading.Time time, Reading reading);

    /** The change: a sum of weighted rows. */
    List<Rows> delta(Reading reading);

    /** The column a reference means. */
    default Optional<Column> find(Expr.Column reference) {
        return columns().stream()
                .filter(column -> column.name().equals(reference.name())
                        && (reference.relation().isEmpty() || reference.relation().equals(column.relation())))
                .findFirst();
    }

    /** A column in scope, with its relation's alias where it has one. */
    record Column(Optional<String> relation, String name, boolean notNull) {}
}
