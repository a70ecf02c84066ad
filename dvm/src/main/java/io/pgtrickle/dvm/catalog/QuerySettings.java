// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.catalog;

import io.pgtrickle.dvm.plan.ColumnFacts;
import io.pgtrickle.dvm.plan.QueryFacts;
import io.pgtrickle.dvm.plan.TypeFacts;
import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.sql.render.Quoting;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The settings by which a stream table's query reads and writes texts: those of the session that created it, pinned to its run
 * function for good. Programs run under them, too; their literals are as the engine's own session prints them (ISO dates,
 * intervals in PostgreSQL's style), which is read alike under all of these but two, see FactsReader.
 */
public record QuerySettings(Map<String, String> values) {

    private static final String FLOAT_DIGITS = "extra_float_digits";

    private static final List<String> NAMES = List.of(
            "TimeZone", "timezone_abbreviations", "DateStyle", "IntervalStyle", FLOAT_DIGITS, "bytea_output", "array_nulls",
            "lc_monetary", "lc_numeric", "lc_time", "xmloption", "xmlbinary", "quote_all_identifiers", "default_text_search_config");

    public QuerySettings {
        values = new LinkedHashMap<>(values);
    }

    /** As the caller's session has them. */
    public static QuerySettings ofSession(Hands hands) {
        List<@Nullable String> row = hands.caller("SELECT " + NAMES.stream()
                .map(name -> "pg_catalog.current_setting('" + name + "')")
                .collect(Collectors.joining(", "))).rows().getFirst();
        Map<String, String> values = new LinkedHashMap<>();
        for (int i = 0; i < NAMES.size(); i++) {
            values.put(NAMES.get(i), String.valueOf(row.get(i)));
        }
        return new QuerySettings(values);
    }

    /** As the run function of a stream table pins them; it is its owner's, and where it has lost one, the session's counts. */
    public static QuerySettings ofStreamTable(Hands hands, long id) {
        return new QuerySettings(hands.ask("""
                SELECT n AS name, coalesce(max(substr(c, length(n) + 2)) FILTER (WHERE lower(split_part(c, '=', 1)) = lower(n)), current_setting(n)) AS value
                FROM unnest(%s) AS n LEFT JOIN (pg_proc p JOIN unnest(p.proconfig) AS c ON true) ON p.oid = to_regprocedure('pgtrickle_state.run_%d(text)')
                GROUP BY n""".formatted(StreamTableStore.textArray(NAMES), id)).stream()
                .collect(Collectors.toMap(row -> row.text("name"), row -> row.text("value"), (a, _) -> a, LinkedHashMap::new)));
    }

    /**
     * Fewer digits than a float has make different values look alike, also to the programs, where these tell values apart by their
     * text: composites, domains and users' types, which may contain floats. With these in the query floats have all their digits.
     */
    public QuerySettings suiting(QueryFacts facts) {
        boolean few = Integer.parseInt(text(FLOAT_DIGITS)) < 1;
        Stream<List<ColumnFacts>> columns = Stream.of(
                        facts.relations().stream().map(relation -> relation.columns()), Stream.of(facts.output()), facts.probes().values().stream())
                .flatMap(Function.identity());
        boolean mayHide = columns.flatMap(List::stream).map(ColumnFacts::type).anyMatch(QuerySettings::mayContainFloats);
        if (!few || !mayHide) {
            return this;
        }
        Map<String, String> exact = new LinkedHashMap<>(values);
        exact.put(FLOAT_DIGITS, "1");
        return new QuerySettings(exact);
    }

    private static boolean mayContainFloats(TypeFacts type) {
        return type.kind() == 'd' || type.kind() == 'c' || type.kind() != 'e' && !type.schema().equals("pg_catalog");
    }

    public String text(String name) {
        return String.valueOf(values.get(name));
    }

    /** For CREATE FUNCTION. */
    public String clauses() {
        return values.entrySet().stream()
                .map(entry -> "SET " + entry.getKey() + " = " + Quoting.literal(entry.getValue()))
                .collect(Collectors.joining("\n"));
    }
}
