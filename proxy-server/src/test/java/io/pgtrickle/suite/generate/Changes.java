// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.generate;

import io.pgtrickle.suite.generate.Change.Copy;
import io.pgtrickle.suite.generate.Change.Insert;
import io.pgtrickle.suite.generate.Change.Merge;
import io.pgtrickle.suite.generate.Change.Nested;
import io.pgtrickle.suite.generate.Change.Plain;
import io.pgtrickle.suite.generate.Change.Refresh;
import io.pgtrickle.suite.generate.Table.Row;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Statements that change the sources. Some fail (a key exists, a row is locked): the runner undoes those and goes on. */
final class Changes {

    private static final int KEYS = 12;

    private final RandomGenerator random;
    private final Expressions expressions;
    private final List<Table> tables;
    private final int streams;

    Changes(RandomGenerator random, List<Table> tables, int streams) {
        this.random = random;
        this.expressions = new Expressions(random);
        this.tables = tables;
        this.streams = streams;
    }

    /** Rows for a table; with a key, all keys differ. */
    static List<Row> rows(RandomGenerator random, Table table, int count) {
        List<Row> rows = new ArrayList<>();
        Set<List<@Nullable String>> keys = new HashSet<>();
        for (int i = 0; i < count; i++) {
            List<@Nullable String> values = new ArrayList<>();
            List<@Nullable String> key = new ArrayList<>();
            for (Column column : table.columns()) {
                boolean isKey = table.key().contains(column.name());
                String value = isKey && column.type() == Type.INT
                        ? String.valueOf(random.nextInt(1, KEYS + 1))
                        : !isKey && random.nextInt(100) < 18 ? null : column.type().value(random);
                values.add(value);
                if (isKey) {
                    key.add(column.type().equalityImage(value));
                }
            }
            if (key.isEmpty() || keys.add(key)) {
                rows.add(new Row(values));
            }
        }
        return rows;
    }

    /** @param held runs beside a refresh in an open transaction, so it may take no lock that a reader would wait for */
    List<Change> batch(int size, boolean block, boolean held) {
        List<Change> changes = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            if (block && expressions.chance(10)) {
                changes.add(new Nested(batch(random.nextInt(1, 3), false, held), expressions.chance(60)));
            } else if (block && !held && streams > 0 && expressions.chance(6)) {
                changes.add(new Refresh(random.nextInt(streams)));
            } else {
                changes.add(change(expressions.pick(tables), held));
            }
        }
        return List.copyOf(changes);
    }

    private Change change(Table table, boolean held) {
        int kind = random.nextInt(100);
        if (kind < 36) {
            return insert(table);
        }
        if (kind < 60) {
            return update(table);
        }
        if (kind < 74) {
            return delete(table);
        }
        if (kind < 76) {
            return held || expressions.chance(50) ? insert(table) : truncate(table);
        }
        if (kind < 82) {
            return new Copy(table, rows(random, table, random.nextInt(1, 4)));
        }
        if (kind < 86) {
            return move(table);
        }
        return table.key().isEmpty() ? keyless(table) : keyed(table);
    }

    private Insert insert(Table table) {
        String into = table.partitioned() && expressions.chance(30) ? table.name() + (expressions.chance(50) ? "_p1" : "_pd") : table.name();
        String tail = "";
        if (!table.key().isEmpty() && !table.deferrable() && expressions.chance(60)) {
            tail = conflict(table);
        }
        return new Insert(table, into, rows(random, table, random.nextInt(1, 5)), tail);
    }

    private String conflict(Table table) {
        if (table.otherColumns().isEmpty() || expressions.chance(30)) {
            return "ON CONFLICT DO NOTHING";
        }
        return "ON CONFLICT (" + String.join(", ", table.key()) + ") DO UPDATE SET "
                + Change.assignments(table.otherColumns(), "excluded");
    }

    private Change update(Table table) {
        List<Column> columns = table.otherColumns().isEmpty() ? table.columns() : table.otherColumns();
        Column column = expressions.pick(columns);
        if (expressions.chance(12)) {
            return new Plain("UPDATE " + table.name() + " SET " + column.name() + " = " + column.name() + where(table));
        }
        String value = expressions.chance(40)
                ? column.type().literal(random)
                : expressions.value(column.type().expressionType(), table.columns(), 1).name();
        String second = "";
        if (columns.size() > 1 && expressions.chance(25)) {
            Column other = expressions.pick(columns);
            second = other.name().equals(column.name()) ? "" : ", " + other.name() + " = NULL";
        }
        return new Plain("UPDATE " + table.name() + " SET " + column.name() + " = " + value + second + where(table));
    }

    private Change delete(Table table) {
        String narrower = expressions.chance(60) ? " AND " + expressions.condition(table.columns(), 1) : "";
        String where = where(table);
        return new Plain("DELETE FROM " + table.name() + where + (where.isEmpty() ? "" : narrower));
    }

    private Change truncate(Table table) {
        String more = expressions.chance(20) ? ", " + expressions.pick(tables).name() : "";
        return new Plain("TRUNCATE " + table.name() + (more.equals(", " + table.name()) ? "" : more));
    }

    /** Deletes from one table and writes to another in one statement. */
    private Change move(Table from) {
        Table to = expressions.pick(tables);
        List<Row> rows = rows(random, to, 1);
        if (rows.isEmpty()) {
            return delete(from);
        }
        return new Plain("WITH gone AS (DELETE FROM " + from.name() + where(from) + " RETURNING 1) INSERT INTO " + to.name()
                + " SELECT " + to.values(rows.getFirst()) + " FROM gone"
                + (to.key().isEmpty() ? "" : to.deferrable() ? " LIMIT 1" : " ON CONFLICT DO NOTHING"));
    }

    private Change keyed(Table table) {
        Column key = table.keyColumns().getFirst();
        boolean numeric = key.type() == Type.INT;
        int a = random.nextInt(1, KEYS + 1);
        int b = random.nextInt(1, KEYS + 1);
        if (table.partitioned() && expressions.chance(5)) {
            return movingMerge(table, key.name(), a, b);
        }
        return switch (random.nextInt(numeric ? 4 : 2)) {
            case 0 -> table.otherColumns().isEmpty()
                    ? delete(table)
                    : new Merge(table, rows(random, table, random.nextInt(1, 4)),
                            expressions.chance(25) ? "DELETE" : "UPDATE SET " + Change.assignments(table.otherColumns(), "s"));
            case 1 -> new Plain("DELETE FROM " + table.name() + " WHERE " + key.name() + " = " + key.type().literal(random));
            // The key swap of two rows in one statement: PostgreSQL allows it for deferrable keys and, by luck of order, others.
            case 2 -> new Plain("UPDATE " + table.name() + " SET " + key.name() + " = " + (a + b) + " - " + key.name()
                    + " WHERE " + key.name() + " IN (" + a + ", " + b + ")");
            default -> new Plain("UPDATE " + table.name() + " SET " + key.name() + " = " + key.name() + " + " + random.nextInt(1, KEYS)
                    + where(table));
        };
    }

    /** MERGE that moves rows to another partition, with any combination of other actions. */
    private Change movingMerge(Table table, String key, int a, int b) {
        String matched = (expressions.chance(40) ? "AND t." + key + " = " + a + " THEN DELETE WHEN MATCHED " : "") + "THEN UPDATE SET " + key + " = t." + key
                + " + " + random.nextInt(1, KEYS);
        if (expressions.chance(50)) {
            return new Plain("MERGE INTO " + table.name() + " t USING (VALUES (" + a + "), (" + b + ")) AS s (k) ON t." + key + " = s.k WHEN MATCHED " + matched);
        }
        return new Merge(table, rows(random, table, random.nextInt(1, 4)), matched.replaceFirst("^THEN ", ""));
    }

    private Change keyless(Table table) {
        String t = table.name();
        return switch (random.nextInt(3)) {
            case 0 -> {
                Row row = rows(random, table, 1).getFirst();
                yield new Insert(table, t, List.of(row, row, row), "");
            }
            case 1 -> new Plain("INSERT INTO " + t + " SELECT * FROM " + t + where(table) + limit(t));
            default -> new Plain("DELETE FROM " + t + " WHERE ctid IN (SELECT min(ctid) FROM " + t + " GROUP BY "
                    + table.columns().stream().map(c -> c.name() + "::text").collect(Collectors.joining(", "))
                    + " HAVING count(*) > 1)");
        };
    }

    private static String limit(String table) {
        return " OFFSET CASE WHEN (SELECT count(*) FROM " + table + ") > 30 THEN 1000 ELSE 0 END";
    }

    private String where(Table table) {
        if (expressions.chance(8)) {
            return "";
        }
        return " WHERE " + expressions.condition(table.columns(), 1);
    }
}
