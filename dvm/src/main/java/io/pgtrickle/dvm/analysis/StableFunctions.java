// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.analysis;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which STABLE functions are constant for a stream table. PostgreSQL calls a function stable also when its result depends
 * on settings alone (TimeZone, DateStyle, the text search configuration); a stream table's run function pins those.
 */
final class StableFunctions {

    /** Of pg_catalog, PostgreSQL 18: casts and comparisons between date and time types, formatting, building text and JSON. */
    private static final Set<String> SETTINGS_ONLY = Set.of(
            "date_trunc", "date_part", "extract", "date_bin", "to_char", "to_date", "to_timestamp", "to_number", "make_timestamptz",
            "concat", "concat_ws", "format", "array_to_string", "textanycat", "anytextcat", "quote_literal", "quote_nullable",
            "to_json", "to_jsonb", "row_to_json", "array_to_json", "json_build_object", "json_build_array", "jsonb_build_object",
            "jsonb_build_array", "json_object_agg", "jsonb_object_agg", "json_agg", "jsonb_agg", "string_to_array",
            "json_agg_strict", "jsonb_agg_strict", "json_object_agg_strict", "jsonb_object_agg_strict",
            "json_object_agg_unique", "jsonb_object_agg_unique", "json_object_agg_unique_strict", "jsonb_object_agg_unique_strict",
            "timestamp", "timestamptz", "date", "time", "timetz", "timezone", "generate_series", "array_agg",
            "to_tsvector", "to_tsquery", "plainto_tsquery", "phraseto_tsquery", "websearch_to_tsquery", "ts_headline",
            "overlaps", "in_range", "money", "cash_words", "to_ascii");

    private static final Pattern SETTINGS_ONLY_SHAPE = Pattern.compile(
            "(timestamptz|timestamp|date|interval|time|timetz)_(pl|mi|eq|ne|lt|le|gt|ge|cmp|larger|smaller)(_.*)?"
                    + "|(timestamptz|timestamp|date|interval)_[a-z]*_(timestamptz|timestamp|date|interval)"
                    + "|interval_pl_timestamptz|jsonb_path_.*_tz|record_out|array_out");

    private StableFunctions() {}

    static boolean dependsOnSettingsOnly(String schema, String name, long arguments) {
        return schema.equals("pg_catalog")
                && (SETTINGS_ONLY.contains(name)
                        || SETTINGS_ONLY_SHAPE.matcher(name).matches()
                        // age(x) counts from today, age(x, y) does not.
                        || name.equals("age") && arguments == 2);
    }
}
