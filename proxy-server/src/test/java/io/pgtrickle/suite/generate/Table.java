// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.generate;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A source table and the rows it starts with.
 *
 * @param key the names of its primary key columns; empty for a keyless table
 * @param deferrable whether the key is checked at the end of a statement (then PostgreSQL accepts it for nothing else)
 * @param partitioned by list of the first column, which is an integer; leaves {@code name_p1} and {@code name_pd}
 */
record Table(String name, List<Column> columns, List<String> key, boolean deferrable, boolean partitioned, List<Row> rows) {

    /** Values as COPY would spell them before escaping. */
    record Row(List<@Nullable String> values) {}

    List<String> ddl() {
        List<String> items = new ArrayList<>();
        columns.forEach(c -> items.add(c.name() + " " + c.type().sql));
        if (!key.isEmpty()) {
            items.add("PRIMARY KEY (" + String.join(", ", key) + ")" + (deferrable ? " DEFERRABLE" : ""));
        }
        List<String> ddl = new ArrayList<>();
        ddl.add("CREATE TABLE " + name + " (" + String.join(", ", items) + ")"
                + (partitioned ? " PARTITION BY LIST (" + columns.getFirst().name() + ")" : ""));
        if (partitioned) {
            ddl.add("CREATE TABLE " + name + "_p1 PARTITION OF " + name + " FOR VALUES IN (1, 2, 3)");
            ddl.add("CREATE TABLE " + name + "_pd PARTITION OF " + name + " DEFAULT");
        }
        return ddl;
    }

    List<Column> keyColumns() {
        return columns.stream().filter(c -> key.contains(c.name())).toList();
    }

    List<Column> otherColumns() {
        return columns.stream().filter(c -> !key.contains(c.name())).toList();
    }

    /** A literal that fits the i-th column. */
    String literal(Row row, int i) {
        String value = row.values.get(i);
        return value == null ? "NULL::" + columns.get(i).type().sql : columns.get(i).type().literal(value);
    }

    String tuple(Row row) {
        return "(" + values(row) + ")";
    }

    String values(Row row) {
        return IntStream.range(0, columns.size()).mapToObj(i -> literal(row, i)).collect(Collectors.joining(", "));
    }

    Table withRows(List<Row> newRows) {
        return new Table(name, columns, key, deferrable, partitioned, newRows);
    }
}
