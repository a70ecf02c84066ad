// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.generate;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A generated query, kept as a tree so that shrinking can take parts away. */
sealed interface Rel {

    List<Column> columns();

    String sql();

    /** A table, a view or another stream table. @param size about how many rows it has */
    record Source(String name, List<Column> columns, double size) implements Rel {
        @Override
        public String sql() {
            return "SELECT " + columns.stream().map(Column::name).collect(Collectors.joining(", ")) + " FROM " + name;
        }
    }

    /** One SELECT: joins, WHERE, GROUP BY, HAVING, DISTINCT; an aggregation iff grouped. */
    record Block(
            List<Item> from,
            List<String> where,
            List<Output> select,
            boolean distinct,
            boolean grouped,
            List<String> groupBy,
            List<String> having)
            implements Rel {
        @Override
        public List<Column> columns() {
            return select.stream().map(o -> o.value.named(o.name)).toList();
        }

        @Override
        public String sql() {
            StringBuilder sql = new StringBuilder(distinct ? "SELECT DISTINCT " : "SELECT ");
            sql.append(select.stream().map(o -> o.value.name() + " AS " + o.name).collect(Collectors.joining(", ")));
            sql.append("\n  FROM ").append(IntStream.range(0, from.size())
                    .mapToObj(i -> from.get(i).sql(i == 0))
                    .collect(Collectors.joining()));
            clause(sql, "\n WHERE ", where);
            if (grouped && !groupBy.isEmpty()) {
                sql.append("\n GROUP BY ").append(String.join(", ", groupBy));
            }
            clause(sql, "\n HAVING ", having);
            return sql.toString();
        }

        private static void clause(StringBuilder sql, String keyword, List<String> conjuncts) {
            if (!conjuncts.isEmpty()) {
                sql.append(keyword).append(String.join("\n   AND ", conjuncts));
            }
        }
    }

    /** An entry of FROM; joined with ON unless the list is empty (then a comma, or CROSS JOIN). */
    record Item(Rel rel, String alias, boolean comma, List<String> on) {
        String sql(boolean first) {
            String item = rel instanceof Source s ? s.name + " " + alias : "(" + rel.sql() + ") " + alias;
            if (first) {
                return item;
            }
            if (on.isEmpty()) {
                return (comma ? ", " : "\n  CROSS JOIN ") + item;
            }
            return "\n  JOIN " + item + " ON " + String.join(" AND ", on);
        }
    }

    /** An item of the select list. */
    record Output(Column value, String name) {}

    /** UNION ALL, or UNION. */
    record Union(List<Rel> branches, boolean all) implements Rel {
        @Override
        public List<Column> columns() {
            List<Column> first = branches.getFirst().columns();
            return IntStream.range(0, first.size()).mapToObj(this::column).toList();
        }

        private Column column(int i) {
            Column first = branches.getFirst().columns().get(i);
            boolean groupable = branches.stream().allMatch(b -> b.columns().get(i).groupable());
            boolean summable = branches.stream().allMatch(b -> b.columns().get(i).summable());
            return new Column(first.name(), first.type(), groupable, summable);
        }

        @Override
        public String sql() {
            return branches.stream()
                    .map(b -> b instanceof Union ? "(" + b.sql() + ")" : b.sql())
                    .collect(Collectors.joining(all ? "\nUNION ALL\n" : "\nUNION\n"));
        }
    }
}
