// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

import java.util.List;

/**
 * A table whose changes the plan consumes.
 *
 * @param relation its OID
 * @param columns the columns the plan reads, in the table's order; empty where only the fact of a change matters
 * @param netted whether equal change rows are added up before anything reads them: where a table is joined with itself again and
 *     again, rows that come and go would be multiplied with each other
 */
public record SourceUse(long relation, List<String> columns, boolean netted) {
    public SourceUse {
        columns = List.copyOf(columns);
    }

    public SourceUse(long relation, List<String> columns) {
        this(relation, columns, false);
    }
}
