// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

import java.util.List;
import java.util.Optional;

/**
 * A table whose changes the plan consumes.
 *
 * @param relation its OID
 * @param columns the columns the plan reads, in the table's order; empty where only the fact of a change matters
 * @param netting how equal change rows are added up before anything reads them, if they are
 */
public record SourceUse(long relation, List<String> columns, Optional<Netting> netting) {
    public SourceUse {
        columns = List.copyOf(columns);
    }

    public SourceUse(long relation, List<String> columns) {
        this(relation, columns, Optional.empty());
    }

    /**
     * Where a table is joined with itself again and again, or with many others, rows that come and go would be multiplied with
     * each other.
     *
     * @param columns those of the source
     * @param key the names of those that are a unique key of the table, if some are
     */
    public record Netting(List<ColumnFacts> columns, Optional<List<String>> key) {
        public Netting {
            columns = List.copyOf(columns);
            key = key.map(List::copyOf);
        }
    }
}
