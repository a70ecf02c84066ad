// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.session;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One row of an answer, values by column name, as text. */
public final class Row {

    private final Map<String, @Nullable String> values;

    public Row(Map<String, @Nullable String> values) {
        this.values = new LinkedHashMap<>(values);
    }

    public static List<Row> of(SqlResult result) {
        List<Row> rows = new ArrayList<>();
        for (List<@Nullable String> values : result.rows()) {
            Map<String, @Nullable String> row = new LinkedHashMap<>();
            for (int i = 0; i < values.size(); i++) {
                row.put(result.columns().get(i), values.get(i));
            }
            rows.add(new Row(row));
        }
        return rows;
    }

    public boolean isNull(String column) {
        return find(column).isEmpty();
    }

    public Optional<String> find(String column) {
        if (!values.containsKey(column)) {
            throw new IllegalArgumentException("no column " + column + " in " + values.keySet());
        }
        return Optional.ofNullable(values.get(column));
    }

    public String text(String column) {
        return find(column).orElseThrow(() -> new IllegalStateException("column " + column + " is NULL"));
    }

    public long number(String column) {
        return Long.parseLong(text(column));
    }

    public Optional<Double> real(String column) {
        return find(column).map(Double::valueOf);
    }

    /** PostgreSQL prints t, JSON says true. */
    public boolean flag(String column) {
        return text(column).startsWith("t");
    }
}
