// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import io.pgtrickle.proxy.config.HbaTokens.Line;
import io.pgtrickle.proxy.config.HbaTokens.Token;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads auth_ident_file: lines of map name, system user, user or {@code all}; the part of pg_ident.conf's format that PgBouncer has. */
final class IdentFile {

    private IdentFile() {}

    /** @throws ConfigException with every line that is wrong */
    static Map<String, IdentMap> read(Path file) {
        var entries = new LinkedHashMap<String, List<IdentMap.Entry>>();
        var problems = new ArrayList<String>();
        for (Line line : HbaFile.lines(file, "auth_ident_file")) {
            String place = file + ":" + line.number() + ": ";
            if (line.fields().size() != 3 || line.fields().stream().anyMatch(field -> field.size() > 1)) {
                problems.add(place + "expected a map's name, a system user and a user");
                continue;
            }
            Token system = line.fields().get(1).getFirst();
            Token user = line.fields().get(2).getFirst();
            if (isPattern(system) || isPattern(user)) {
                problems.add(place + "regular expressions and groups are not supported; list the names");
                continue;
            }
            entries.computeIfAbsent(line.fields().getFirst().getFirst().text(), _ -> new ArrayList<>())
                    .add(new IdentMap.Entry(system.text(), user.is("all"), user.text()));
        }
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
        var maps = new LinkedHashMap<String, IdentMap>();
        entries.forEach((name, list) -> maps.put(name, new IdentMap(name, list)));
        return maps;
    }

    private static boolean isPattern(Token token) {
        return !token.quoted() && (token.text().startsWith("/") || token.text().startsWith("+"));
    }
}
