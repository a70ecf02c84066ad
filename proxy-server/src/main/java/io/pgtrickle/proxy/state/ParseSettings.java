// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.state;

import io.pgtrickle.sql.render.Quoting;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Has the server parse a statement of a session's as it was parsed first, amid a transaction whose settings only the server knows: they
 * are kept there, and set for the transaction only, so that what the session has set for itself or for the transaction stays so.
 *
 * @param before to be run before the statement is parsed
 * @param after to be run behind that
 */
public record ParseSettings(String before, String after) {

    /** What the meaning of a text depends on when it is parsed; lower case. Whatever else there is counts when it is run. */
    private static final Set<String> READ_BY_PARSE = Set.of(
            "array_nulls",
            "backslash_quote",
            "client_encoding",
            "datestyle",
            "default_text_search_config",
            "intervalstyle",
            "lc_monetary",
            "restrict_nonsystem_relation_kind",
            "row_security",
            "search_path",
            "standard_conforming_strings",
            "timezone",
            "timezone_abbreviations",
            "transform_null_equals",
            "xmloption");

    /**
     * @param had what the settings are, as far as is known
     * @param certain whether that is all there is
     * @param wanted what they were when the statement was parsed first
     * @return none if the statement can be parsed as it is
     */
    public static Optional<ParseSettings> of(Map<String, String> had, boolean certain, Map<String, String> wanted) {
        var names = new TreeSet<>(had.keySet());
        names.addAll(wanted.keySet());
        names.removeIf(name -> !READ_BY_PARSE.contains(name.toLowerCase(Locale.ROOT))
                || certain && Optional.ofNullable(had.get(name)).equals(Optional.ofNullable(wanted.get(name))));
        return names.isEmpty() ? Optional.empty() : Optional.of(of(names, wanted));
    }

    private static ParseSettings of(Set<String> names, Map<String, String> wanted) {
        List<String> before = new ArrayList<>();
        List<String> after = new ArrayList<>();
        for (String name : names) {
            String kept = "pgtrickle.kept_" + before.size();
            String value = wanted.get(name);
            before.add(set(kept, "pg_catalog.current_setting(" + Quoting.literal(name) + ")"));
            before.add(set(name, value == null ? "NULL" : Quoting.literal(value)));
            after.add(set(name, "pg_catalog.current_setting(" + Quoting.literal(kept) + ")"));
        }
        return new ParseSettings("SELECT " + String.join(", ", before), "SELECT " + String.join(", ", after));
    }

    private static String set(String name, String value) {
        return "pg_catalog.set_config(" + Quoting.literal(name) + ", " + value + ", true)";
    }
}
