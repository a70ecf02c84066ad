// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.operator;

import io.pgtrickle.sql.render.Quoting;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** One SELECT of a generated UNION ALL: expressions in the scope of {@code rows}, and the column names they get. */
public record Select(Rows rows, List<String> expressions, List<String> names) {
    public Select {
        expressions = List.copyOf(expressions);
        names = List.copyOf(names);
    }

    /** The text; a weight column comes last if asked for. */
    public String sql(boolean weighted) {
        List<String> items = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            items.add(item(expressions.get(i), Quoting.identifier(names.get(i))));
        }
        if (weighted) {
            items.add(item(rows.weight().sql(), Reading.WEIGHT));
        }
        StringBuilder sql = new StringBuilder("SELECT ").append(String.join(", ", items));
        sql.append("\nFROM ").append(String.join(",\n  ", rows.from()));
        if (!rows.where().isEmpty()) {
            sql.append("\nWHERE ").append(String.join("\n  AND ", rows.where()));
        }
        return sql.toString();
    }

    /** All of them together. */
    public static String unionAll(List<Select> selects, boolean weighted) {
        return selects.stream().map(select -> select.sql(weighted)).collect(Collectors.joining("\nUNION ALL\n"));
    }

    private static String item(String expression, String name) {
        boolean named = expression.equals(name) || expression.endsWith("." + name) && isReference(expression);
        return named ? expression : expression + " AS " + name;
    }

    /** {@code relation.column}: plain text that already carries the column's name. */
    private static boolean isReference(String expression) {
        return expression.chars().allMatch(c -> Character.isLetterOrDigit(c) || c == '_' || c == '.');
    }
}
