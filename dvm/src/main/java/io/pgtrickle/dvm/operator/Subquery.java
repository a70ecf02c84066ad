// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.operator;

import io.pgtrickle.sql.render.Quoting;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A query under an alias: a subquery in FROM, a WITH query, or a view.
 *
 * <pre>Δ(Q AS a) = Δ(Q) AS a</pre>
 *
 * @param columnAliases new names for its first columns; usually empty
 */
public record Subquery(Output query, String alias, List<String> columnAliases) implements Source {
    public Subquery {
        columnAliases = List.copyOf(columnAliases);
    }

    @Override
    public List<Column> columns() {
        List<Column> columns = new ArrayList<>();
        for (Output.Column column : query.columns()) {
            int position = columns.size();
            String name = position < columnAliases.size() ? columnAliases.get(position) : column.name();
            columns.add(new Column(Optional.of(alias), name, column.notNull()));
        }
        return columns;
    }

    @Override
    public Change change(Reading reading) {
        return query.change(reading);
    }

    @Override
    public String item(Reading.Time time, Reading reading) {
        return "(" + Select.unionAll(query.rows(time, reading), false) + ") AS " + name(false);
    }

    @Override
    public String changedItem(Reading reading) {
        return "(" + Select.unionAll(query.delta(reading), true) + ") AS " + name(true);
    }

    private String name(boolean weighted) {
        String name = Quoting.identifier(alias);
        if (columnAliases.isEmpty()) {
            return name;
        }
        return columns().stream()
                .map(column -> Quoting.identifier(column.name()))
                .collect(Collectors.joining(", ", name + "(", weighted ? ", " + Reading.WEIGHT + ")" : ")"));
    }
}
