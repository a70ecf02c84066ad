// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

import java.util.Map;

/** Types as the server describes them, by their short names; {@code numeric(10,2)} has a type modifier. */
public final class Types {

    private static final Map<String, Integer> LENGTHS = Map.of(
            "int2", 2, "int4", 4, "int8", 8, "bool", 1, "float8", 8, "date", 4, "timestamptz", 8, "interval", 16, "uuid", 16);

    private Types() {}

    public static TypeFacts of(String sql) {
        int bracket = sql.indexOf('(');
        String name = bracket < 0 ? sql : sql.substring(0, bracket);
        boolean hashable = !name.equals("json") && !name.equals("point");
        return new TypeFacts(
                0, "pg_catalog", name, sql, bracket < 0 ? -1 : 6, LENGTHS.getOrDefault(name, -1), 'b', hashable, true, false);
    }
}
