// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.catalog;

import com.fasterxml.jackson.core.type.TypeReference;
import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.dvm.settings.Setting;
import io.pgtrickle.dvm.settings.Settings;
import io.pgtrickle.sql.render.Quoting;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Reads the {@code pg_trickle.*} settings that hold in a database. PostgreSQL stores them without knowing them; those of
 * ALTER DATABASE and ALTER ROLE are read from the catalog, since sessions take them over only when they start.
 */
public final class SettingsReader {

    /** The settings' names as the argument of {@code pgtrickle.pgt_settings}. */
    public static final String NAMES = Quoting.literal(
            Settings.ALL.stream().map(Setting::qualifiedName).collect(Collectors.joining(",", "{", "}")));

    private SettingsReader() {}

    public static Settings read(Hands hands) {
        return parse(hands.look("SELECT pgtrickle.pgt_settings(" + NAMES + ")::text AS settings").getFirst().text("settings"));
    }

    /** @param json what pgtrickle.pgt_settings returned */
    public static Settings parse(String json) {
        return new Settings(FactsJson.read(json, new TypeReference<Map<String, String>>() {}));
    }
}
