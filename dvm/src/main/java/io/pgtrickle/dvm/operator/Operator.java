// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.operator;

/**
 * A node of the logical plan. A SELECT is a {@link Scope} (what FROM, WHERE and GROUP BY make: columns that expressions
 * refer to by alias and name) under an {@link Output} (the select list: an ordered list of named columns). Expression text
 * of the canonical query is used as it is, because aliases are kept.
 *
 * <p>Each operator's file holds its delta rule: {@code delta} is the sum of what it returns, nothing when nothing changed.
 */
public sealed interface Operator permits Scope, Output {

    /** What below this node changes in this refresh. */
    Change change(Reading reading);

    /**
     * Tables are read after their changes, state tables before theirs (the same statement writes them), so the rules ask
     * which kind of input changed.
     */
    record Change(boolean tables, boolean stages) {

        static final Change NONE = new Change(false, false);

        boolean any() {
            return tables || stages;
        }

        Change or(Change other) {
            return new Change(tables || other.tables, stages || other.stages);
        }
    }
}
