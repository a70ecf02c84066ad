// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.generate;

import io.pgtrickle.suite.generate.Table.Row;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A statement of a batch. Rows are kept apart from the text so that shrinking can drop them one by one. */
sealed interface Change {

    String sql();

    /** @param tail ON CONFLICT clause or empty; @param into the table or one of its partitions */
    record Insert(Table table, String into, List<Row> rows, String tail) implements Change {
        @Override
        public String sql() {
            return "INSERT INTO " + into + " VALUES " + rows.stream().map(table::tuple).collect(Collectors.joining(", "))
                    + (tail.isEmpty() ? "" : " " + tail);
        }
    }

    /** COPY … FROM STDIN in text format. */
    record Copy(Table table, List<Row> rows) implements Change {
        String command() {
            return "COPY " + table.name() + " FROM STDIN";
        }

        String data() {
            return rows.stream()
                    .map(r -> r.values().stream()
                            .map(v -> v == null ? "\\N" : v.replace("\\", "\\\\"))
                            .collect(Collectors.joining("\t", "", "\n")))
                    .collect(Collectors.joining());
        }

        @Override
        public String sql() {
            return command() + ";\n" + data() + "\\.";
        }
    }

    /** MERGE by key: update what matches (or delete it), insert the rest. @param matched after WHEN MATCHED THEN, or with its own AND … THEN */
    record Merge(Table table, List<Row> rows, String matched) implements Change {
        @Override
        public String sql() {
            String columns = table.columns().stream().map(Column::name).collect(Collectors.joining(", "));
            String on = table.key().stream().map(k -> "t." + k + " = s." + k).collect(Collectors.joining(" AND "));
            String values = table.columns().stream().map(c -> "s." + c.name()).collect(Collectors.joining(", "));
            return "MERGE INTO " + table.name() + " t USING (VALUES "
                    + rows.stream().map(table::tuple).collect(Collectors.joining(", ")) + ") AS s (" + columns + ")"
                    + " ON " + on + " WHEN MATCHED " + (matched.startsWith("AND ") ? "" : "THEN ") + matched
                    + " WHEN NOT MATCHED THEN INSERT VALUES (" + values + ")";
        }
    }

    /** UPDATE, DELETE, TRUNCATE and whatever else has no rows of its own. */
    record Plain(String sql) implements Change {}

    /** What happens between a savepoint and its rollback or release. */
    record Nested(List<Change> changes, boolean rollback) implements Change {
        @Override
        public String sql() {
            return "SAVEPOINT nested;\n"
                    + changes.stream().map(c -> c.sql() + ";\n").collect(Collectors.joining())
                    + (rollback ? "ROLLBACK TO SAVEPOINT nested;\n" : "") + "RELEASE SAVEPOINT nested";
        }
    }

    /** A manual refresh in the middle of the batch; the stream table must equal its query right afterwards. */
    record Refresh(int stream) implements Change {
        @Override
        public String sql() {
            return "REFRESH MATERIALIZED VIEW " + Case.streamName(stream);
        }
    }

    /** Which columns an INSERT or MERGE sets from its source row, e.g. {@code a = excluded.a}. */
    static String assignments(List<Column> columns, String from) {
        return IntStream.range(0, columns.size())
                .mapToObj(i -> columns.get(i).name() + " = " + from + "." + columns.get(i).name())
                .collect(Collectors.joining(", "));
    }
}
