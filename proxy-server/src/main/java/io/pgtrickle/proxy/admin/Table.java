// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

import io.pgtrickle.wire.backend.BackendMessage.RowDescription;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.LinkedHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A result: columns, and rows of their values as text. Filled by one thread, then only read. */
public final class Table {

    /** The types that results have; oid and length as in pg_type. */
    public enum Type {
        TEXT(25, -1),
        INT4(23, 4),
        INT8(20, 8),
        NUMERIC(1700, -1),
        BYTEA(17, -1);

        private final int oid;
        private final int length;

        Type(int oid, int length) {
            this.oid = oid;
            this.length = length;
        }
    }

    /** A column's name and type. */
    public record Column(String name, Type type) {}

    private final List<Column> columns;
    private final List<List<@Nullable String>> rows = new ArrayList<>();

    private Table(List<Column> columns) {
        this.columns = columns;
    }

    /** @param columns name, blank, type, e.g. {@code "port int4"}; a type alone is for text */
    static Table of(String... columns) {
        return new Table(Stream.of(columns).map(Table::column).toList());
    }

    private static Column column(String text) {
        int blank = text.indexOf(' ');
        return blank < 0
                ? new Column(text, Type.TEXT)
                : new Column(text.substring(0, blank), Type.valueOf(text.substring(blank + 1).toUpperCase(java.util.Locale.ROOT)));
    }

    /** Adds a row; Booleans become 1 and 0. */
    Table add(@Nullable Object... values) {
        if (values.length != columns.size()) {
            throw new IllegalArgumentException(values.length + " values for " + columns.size() + " columns");
        }
        var row = new ArrayList<@Nullable String>();
        for (Object value : values) {
            row.add(value == null ? null : value instanceof Boolean truth ? truth ? "1" : "0" : value.toString());
        }
        rows.add(Collections.unmodifiableList(row));
        return this;
    }

    public List<Column> columns() {
        return columns;
    }

    public List<List<@Nullable String>> rows() {
        return Collections.unmodifiableList(rows);
    }

    /** The rows by the names of their columns. */
    public List<Map<String, @Nullable String>> byName() {
        return rows.stream().map(this::named).toList();
    }

    private Map<String, @Nullable String> named(List<@Nullable String> row) {
        var named = new LinkedHashMap<String, @Nullable String>();
        for (int i = 0; i < columns.size(); i++) {
            named.put(columns.get(i).name(), row.get(i));
        }
        return named;
    }

    /** @param binary whether a column, from 0, is asked for in binary format */
    RowDescription description(java.util.function.IntPredicate binary) {
        var described = new ArrayList<RowDescription.Column>();
        for (int i = 0; i < columns.size(); i++) {
            Type type = columns.get(i).type();
            described.add(new RowDescription.Column(
                    columns.get(i).name(), 0, (short) 0, type.oid, (short) type.length, -1, (short) (binary.test(i) ? 1 : 0)));
        }
        return new RowDescription(described);
    }
}
