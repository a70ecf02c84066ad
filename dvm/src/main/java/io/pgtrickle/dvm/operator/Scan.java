// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.operator;

import io.pgtrickle.dvm.plan.ColumnFacts;
import io.pgtrickle.dvm.plan.RelationFacts;
import io.pgtrickle.sql.render.Quoting;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A table under its alias.
 *
 * <pre>Δ(R) = the change rows captured since the frontier
 *
 * UPDATE r SET v = 2 WHERE id = 1:   (1, 1) -1
 *                                    (1, 2) +1</pre>
 *
 * @param columnAliases new names for the table's first columns; usually empty
 */
public record Scan(RelationFacts table, String alias, List<String> columnAliases) implements Source {
    public Scan {
        columnAliases = List.copyOf(columnAliases);
    }

    @Override
    public List<Column> columns() {
        List<Column> columns = new ArrayList<>();
        for (ColumnFacts column : table.columns()) {
            columns.add(new Column(Optional.of(alias), visibleName(column.name()), column.notNull()));
        }
        return columns;
    }

    /** The name a table's column has under this alias. */
    public String visibleName(String tableColumn) {
        for (int i = 0; i < columnAliases.size(); i++) {
            if (table.columns().get(i).name().equals(tableColumn)) {
                return columnAliases.get(i);
            }
        }
        return tableColumn;
    }

    /** The table's column behind a name under this alias, if there is one. */
    public Optional<String> tableColumn(String visibleName) {
        return table.columns().stream()
                .map(ColumnFacts::name)
                .filter(name -> visibleName(name).equals(visibleName))
                .findFirst();
    }

    @Override
    public Change change(Reading reading) {
        return new Change(reading.changed(this), false);
    }

    @Override
    public String item(Reading.Time time, Reading reading) {
        List<String> all = table.columns().stream().map(ColumnFacts::name).toList();
        return aliased(Quoting.qualified(table.schema(), table.name()), all, "");
    }

    @Override
    public String changedItem(Reading reading) {
        return aliased(reading.changes(this), reading.changedColumns(this), ", " + Reading.WEIGHT);
    }

    @Override
    public List<Column> changedColumns(Reading reading) {
        List<String> names = reading.changedColumns(this).stream().map(this::visibleName).toList();
        return columns().stream().filter(column -> names.contains(column.name())).toList();
    }

    private String aliased(String relation, List<String> tableColumns, String weight) {
        if (columnAliases.isEmpty()) {
            return relation + " AS " + Quoting.identifier(alias);
        }
        String renamed = tableColumns.stream()
                .map(name -> Quoting.identifier(name) + " AS " + Quoting.identifier(visibleName(name)))
                .collect(Collectors.joining(", "));
        return "(SELECT " + renamed + weight + " FROM " + relation + ") AS " + Quoting.identifier(alias);
    }
}
