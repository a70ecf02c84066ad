// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.operator;

import io.pgtrickle.sql.render.Quoting;
import java.util.List;

/** A scope with one alias: an item of FROM. */
public sealed interface Source extends Scope permits Scan, Subquery {

    String alias();

    /** The FROM item with its alias. */
    String item(Reading.Time time, Reading reading);

    /** The FROM item of the change rows, with its alias and the weight column; only if something changed. */
    String changedItem(Reading reading);

    /** The columns that {@link #changedItem} has; anything that refers to another one is not evaluated. */
    default List<Column> changedColumns(Reading reading) {
        return columns();
    }

    @Override
    default Rows rows(Reading.Time time, Reading reading) {
        return Rows.from(item(time, reading));
    }

    @Override
    default List<Rows> delta(Reading reading) {
        return change(reading).any()
                ? List.of(Rows.weighted(changedItem(reading), Quoting.identifier(alias())))
                : List.of();
    }
}
