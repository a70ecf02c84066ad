// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.delta;

import io.pgtrickle.sql.render.Indent;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** One statement in the making: WITH queries, each under a comment that says what it is, and the final SELECT. */
public final class Program {

    private final List<String> commonTables = new ArrayList<>();

    /** Adds {@code name AS (body)}. A body without data modification must be read somewhere, or it does not run. */
    public Program with(String name, String comment, String body) {
        commonTables.add(comment.lines().collect(Collectors.joining("\n-- ", "-- ", "\n")) + name + " AS (\n"
                + Indent.by(2, body) + ")");
        return this;
    }

    public String select(String select) {
        return commonTables.isEmpty() ? select : "WITH\n" + String.join(",\n", commonTables) + "\n" + select;
    }
}
