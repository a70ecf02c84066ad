// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.jsqlparser;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An entry of queries.golden, which GoldenQueriesIT writes and checks against PostgreSQL: a query, the canonical text that
 * PostgreSQL 18 made of it, and the text our syntax tree is rendered to (deparsed again, it is the canonical text) or the
 * construct that is not supported.
 */
record GoldenQuery(String name, String query, String canonical, boolean accepted, String result) {

    private static final Pattern ENTRY = Pattern.compile(
            "=== (.+)\n((?s:.+?))\n--- canonical\n((?s:.+?))\n--- (accepted|unsupported)\n((?s:.+?))\n\n(?==== |\\z)");

    static List<GoldenQuery> all() {
        try (InputStream in = GoldenQuery.class.getResourceAsStream("/queries/queries.golden")) {
            Matcher entry = ENTRY.matcher(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            List<GoldenQuery> all = new ArrayList<>();
            while (entry.find()) {
                all.add(new GoldenQuery(
                        entry.group(1), entry.group(2), entry.group(3), entry.group(4).equals("accepted"), entry.group(5)));
            }
            return all;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static GoldenQuery named(String name) {
        return all().stream().filter(query -> query.name().equals(name)).findFirst().orElseThrow();
    }

    @Override
    public String toString() {
        return name;
    }
}
