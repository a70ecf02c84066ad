// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.state;

import io.pgtrickle.sql.render.Quoting;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Gives a connection the settings of the session that gets it, in place of those of the session that had it. */
public final class SettingsReplay {

    private static final String ROLE = "role";

    private SettingsReplay() {}

    /** What to send so that a connection with the one settings has the others; none if it has them. */
    public static Optional<String> query(Map<String, String> had, Map<String, String> wanted) {
        if (had.equals(wanted)) {
            return Optional.empty();
        }
        var changes = new LinkedHashMap<String, Optional<String>>();
        boolean roleChanges = !Optional.ofNullable(had.get(ROLE)).equals(Optional.ofNullable(wanted.get(ROLE)));
        if (had.containsKey(ROLE)) {
            changes.put(ROLE, Optional.empty()); // first, as the other settings were made with the rights of the user
        }
        had.keySet().stream().filter(name -> !wanted.containsKey(name)).forEach(name -> changes.put(name, Optional.empty()));
        wanted.forEach((name, value) -> {
            if (!name.equals(ROLE) && !value.equals(had.get(name))) {
                changes.put(name, Optional.of(value));
            }
        });
        String calls = changes.entrySet().stream()
                .map(change -> call(change.getKey(), change.getValue()))
                .collect(Collectors.joining(",\n    "));
        String role = wanted.containsKey(ROLE) && (roleChanges || had.containsKey(ROLE))
                ? (calls.isEmpty() ? "" : ",\n    ") + call(ROLE, Optional.of(wanted.get(ROLE)))
                : "";
        return Optional.of("/* pgtrickle: the session's own settings */\nSELECT " + calls + role);
    }

    /** NULL means the default. */
    private static String call(String name, Optional<String> value) {
        return "pg_catalog.set_config(%s, %s, false)"
                .formatted(Quoting.literal(name), value.map(Quoting::literal).orElse("NULL"));
    }
}
