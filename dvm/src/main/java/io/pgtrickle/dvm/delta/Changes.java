// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.delta;

import io.pgtrickle.dvm.frontier.Window;
import io.pgtrickle.dvm.operator.Reading;
import io.pgtrickle.dvm.plan.SourceUse;
import io.pgtrickle.sql.render.Quoting;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The WITH query of one table's unconsumed change rows. */
record Changes(SourceUse source, String table, Window window) {

    String name() {
        return "changes_" + source.relation();
    }

    void addTo(Program program) {
        String columns = Stream.concat(
                        source.columns().stream().map(column -> "b." + Quoting.identifier(column)), Stream.of("b." + Reading.WEIGHT))
                .collect(Collectors.joining(", "));
        StringBuilder sql = new StringBuilder("SELECT " + columns + "\nFROM " + Quoting.qualified(window.buffer())
                + " AS b\nWHERE " + window.condition("b"));
        window.rows().ifPresent(rows -> sql.append("\nLIMIT ").append(rows)); // exact, and tells the planner
        program.with(name(), "what changed in " + table + " since the frontier", sql.toString());
    }

    /** The number of change rows. */
    String count() {
        return window.rows().isPresent() ? String.valueOf(window.rows().getAsLong()) : "(SELECT count(*) FROM " + name() + ")";
    }

    /** A TRUNCATE marker that arrived after the window was looked at; cannot be when its rows are known exactly. */
    Optional<String> broken() {
        return window.rows().isPresent()
                ? Optional.empty()
                : Optional.of("EXISTS (SELECT FROM " + name() + " WHERE " + Reading.WEIGHT + " = 0)");
    }
}
