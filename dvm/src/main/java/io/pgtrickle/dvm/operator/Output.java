// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.operator;

import java.util.List;

/** A relation with an ordered list of named columns: what a query returns. */
public sealed interface Output extends Operator permits Project, UnionAll {

    List<Column> columns();

    /** All rows. */
    List<Select> rows(Reading.Time time, Reading reading);

    /** The change: a sum of weighted rows. */
    List<Select> delta(Reading reading);

    /** A column by position; names need not be unique below an alias list. */
    record Column(String name, boolean notNull) {}
}
