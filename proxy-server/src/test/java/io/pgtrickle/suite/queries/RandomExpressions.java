// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.queries;

import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Nested scalar expressions over shop.small of the corpus' schema, of every shape the deparser has for them. */
final class RandomExpressions {

    /** In a template, a hash and a letter stands for an expression of that type: integer, text, boolean, jsonb, timestamp. */
    private static final Map<Character, List<String>> TEMPLATES = Map.of(
            'i', List.of(
                    "a", "b", "id", "1", "-5", "#i + #i", "#i - #i", "#i * #i", "- #i", "@ #i", "~ #i", "#i # #i", "#i << #i",
                    "coalesce(#i, #i)", "greatest(#i, #i, #i)", "nullif(#i, #i)", "mod(#i, #i)", "abs(#i)", "length(#t)",
                    "CASE WHEN #b THEN #i ELSE #i END", "CASE #i WHEN #i THEN #i END", "position(#t IN #t)",
                    "extract(year FROM #d)::int", "#t::int", "(string_to_array(#t, ','))[#i]::int", "(ARRAY[#i, #i])[#i]",
                    "(ARRAY[#i, #i])[#i:][1]", "#i OPERATOR(shop.<~>) #i", "(#j ->> #t)::int", "shop.named(#i, c => #i)",
                    "shop.many(VARIADIC ARRAY[#i, #i])", "(ROW(#t, #t, #i)::shop.address).zip",
                    "cardinality(ARRAY[[#i, #i], [#i, #i]])"),
            't', List.of(
                    "c", "'x'", "E'a\\\\b''c'", "#t || #t", "upper(#t)", "\"left\"(#t, #i)", "substring(#t FROM #i FOR #i)",
                    "substring(#t, #i)", "trim(BOTH #t FROM #t)", "overlay(#t PLACING #t FROM #i)", "CASE WHEN #b THEN #t END",
                    "coalesce(#t, #t)", "#i::text", "#t::varchar(5)::text", "#t COLLATE \"C\"", "#j ->> #t",
                    "#j #>> ARRAY[#t, #t]", "normalize(#t, NFC)", "#d::text", "concat_ws(#t, VARIADIC ARRAY[#t, #t])",
                    "(ARRAY[#t, #t])[#i]", "format(#t, #i, #b)", "CURRENT_USER::text", "#j['a']::text",
                    "(ROW(#t, #t, #i)::shop.address).city"),
            'b', List.of(
                    "#i = #i", "#i < #i", "true", "#t LIKE #t", "#t NOT LIKE #t", "#t ILIKE #t", "#t LIKE #t ESCAPE '!'",
                    "#t ~ #t", "#t !~* #t", "#t SIMILAR TO #t", "#b AND #b", "#b OR #b", "NOT #b", "#b AND (#b AND #b)",
                    "#b OR (#b OR #b)", "#i IN (1, 2, 3)", "#i IN (#i, 1)", "#i NOT IN (#i, #i)", "#t LIKE ANY (ARRAY[#t, #t])",
                    "#i > ALL (ARRAY[#i, #i])", "#i IS NULL", "#b IS TRUE", "#b IS UNKNOWN", "#i IS DISTINCT FROM #i",
                    "#t IS NOT DISTINCT FROM #t", "(#i, #t) = (#i, #t)", "(#i, #t) < (#i, #t)", "#i BETWEEN #i AND #i",
                    "#j @> #j", "#j ? #t", "#j ?| ARRAY[#t]", "#t IS JSON", "#t IS NFD NORMALIZED", "(#d, #d) OVERLAPS (#d, #d)",
                    "#t ^@ #t", "ROW(#i, #t) IS NULL", "int4range(#i, #i) -|- int4range(#i, #i)", "#j @? '$.a'", "#i::bool"),
            'j', List.of(
                    "'{\"a\": 1}'::jsonb", "to_jsonb(#i)", "jsonb_build_object(#t, #i)", "#j || #j", "#j - #t", "#j #- ARRAY[#t]",
                    "#j -> #t", "jsonb_build_array(#t, #i, #b)"),
            'd', List.of(
                    "'2026-01-01'::timestamp", "LOCALTIMESTAMP(2)", "#d + interval '1 day' * #i", "date_trunc('day', #d)",
                    "(#d AT TIME ZONE 'UTC') AT TIME ZONE #t", "#d - make_interval(days => #i)", "CASE WHEN #b THEN #d ELSE #d END"));

    private static final Map<Character, String> LEAVES =
            Map.of('i', "a", 't', "c", 'b', "true", 'j', "'{}'::jsonb", 'd', "'2026-01-01'::timestamp");

    private RandomExpressions() {}

    static String next(RandomGenerator random, char type, int depth) {
        List<String> templates = TEMPLATES.getOrDefault(type, List.of());
        String template = templates.get(random.nextInt(templates.size()));
        StringBuilder expression = new StringBuilder();
        for (int i = 0; i < template.length(); i++) {
            char next = i + 1 < template.length() ? template.charAt(i + 1) : ' ';
            if (template.charAt(i) == '#' && LEAVES.containsKey(next)) {
                expression.append('(').append(depth == 0 ? LEAVES.get(next) : next(random, next, depth - 1)).append(')');
                i++;
            } else {
                expression.append(template.charAt(i));
            }
        }
        return expression.toString();
    }
}
