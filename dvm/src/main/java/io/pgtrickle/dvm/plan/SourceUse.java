// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

import java.util.List;

/**
 * A table whose changes the plan consumes.
 *
 * @param relation its OID
 * @param columns the columns the plan reads, in the table's order; empty where only the fact of a change matters
 */
public record SourceUse(long relation, List<String> columns) {
    public SourceUse {
        columns = List.copyOf(columns);
    }
}
