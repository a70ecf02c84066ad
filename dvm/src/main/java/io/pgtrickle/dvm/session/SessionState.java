// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.session;

import io.pgtrickle.sql.render.Quoting;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What somebody else's function may change in a user's session and leave behind: settings, and cursors that would run at
 * COMMIT with the user's rights. The statements resolve nothing through the search_path, which may be one of the changes.
 */
record SessionState(Map<String, String> settings, Set<String> cursors) {

    static SessionState read(SqlSession session) {
        Map<String, String> settings = new HashMap<>();
        for (List<@Nullable String> row : session.execute("SELECT name, setting FROM pg_catalog.pg_settings").rows()) {
            settings.put(String.valueOf(row.get(0)), String.valueOf(row.get(1)));
        }
        Set<String> cursors = new HashSet<>();
        for (List<@Nullable String> row : session.execute("SELECT name, is_holdable FROM pg_catalog.pg_cursors").rows()) {
            if (String.valueOf(row.get(1)).startsWith("t")) {
                cursors.add(String.valueOf(row.get(0)));
            }
        }
        return new SessionState(settings, cursors);
    }

    /** Makes the session as it was when this was read. */
    void restore(SqlSession session) {
        SessionState now = read(session);
        now.settings().forEach((name, value) -> {
            String before = settings.get(name);
            if (before != null && !before.equals(value)) {
                session.execute("SELECT pg_catalog.set_config($1, $2, false)", name, before);
            }
        });
        now.cursors().stream()
                .filter(cursor -> !cursors.contains(cursor))
                .forEach(cursor -> session.execute("CLOSE " + Quoting.identifier(cursor)));
    }
}
