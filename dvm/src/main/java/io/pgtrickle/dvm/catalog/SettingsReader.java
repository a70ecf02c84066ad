// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.catalog;

import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.dvm.session.Row;
import io.pgtrickle.dvm.settings.Setting;
import io.pgtrickle.dvm.settings.Settings;
import io.pgtrickle.sql.render.Quoting;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Reads the {@code pg_trickle.*} settings that hold in a database. PostgreSQL stores them without knowing them; those of
 * ALTER DATABASE and ALTER ROLE are read from the catalog, since sessions take them over only when they start.
 */
public final class SettingsReader {

    private SettingsReader() {}

    public static Settings read(Hands hands) {
        String names = Settings.ALL.stream().map(Setting::qualifiedName).map(Quoting::literal).collect(Collectors.joining(", "));
        Map<String, String> values = new HashMap<>();
        for (Row row : hands.look("""
                SELECT name, value FROM (
                    SELECT n AS name, current_setting(n, true) AS value, 0 AS rank FROM unnest(ARRAY[%1$s]) AS n
                    UNION ALL
                    SELECT split_part(c, '=', 1), substr(c, strpos(c, '=') + 1), 1 + (s.setdatabase <> 0)::int + 2 * (s.setrole <> 0)::int
                    FROM pg_db_role_setting s, unnest(s.setconfig) AS c
                    WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
                        AND s.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = current_user))
                        AND split_part(c, '=', 1) IN (%1$s)
                ) found WHERE value <> '' ORDER BY rank""".formatted(names))) {
            values.put(row.text("name"), row.text("value"));
        }
        return new Settings(values);
    }
}
