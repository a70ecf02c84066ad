// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

import java.util.List;
import java.util.Optional;

/**
 * What the catalog says about a relation a query reads.
 *
 * @param kind pg_class.relkind: r table, p partitioned table, v view, m materialized view, f foreign table, S sequence
 * @param capturable whether statement triggers can be put on it (tables; not system catalogs, temporary or foreign tables)
 * @param policed whether row-level security may hide rows of it from whoever reads it for the query: the stream table's owner or
 *     a view's
 * @param uniqueKeys column names of each unique index that is immediate, valid, without predicate or expressions, over NOT
 *     NULL columns, and tells apart what {@code =} does; the primary key first
 * @param definition a view's canonical query
 */
public record RelationFacts(
        long oid,
        String schema,
        String name,
        char kind,
        boolean capturable,
        boolean policed,
        List<ColumnFacts> columns,
        List<List<String>> uniqueKeys,
        Optional<String> definition) {
    public RelationFacts {
        columns = List.copyOf(columns);
        uniqueKeys = uniqueKeys.stream().map(List::copyOf).toList();
    }
}
