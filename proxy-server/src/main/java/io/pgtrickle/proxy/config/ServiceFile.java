// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** libpq's connection service file (PostgreSQL manual 32.17): {@code [service]}, {@code key=value} without blanks, {@code #} comments. */
final class ServiceFile {

    private ServiceFile() {}

    /** The keys of a service in the first of these files that has it; files that do not exist are passed over. */
    static Map<String, String> find(String service, List<Path> files) {
        for (Path file : files) {
            if (Files.exists(file)) {
                Optional<Map<String, String>> found = read(service, file);
                if (found.isPresent()) {
                    return found.get();
                }
            }
        }
        throw new ConfigException("definition of service \"" + service + "\" not found");
    }

    /** The first section of that name, and in it the first value of a key, count. */
    private static Optional<Map<String, String>> read(String service, Path file) {
        List<String> lines;
        try {
            lines = Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new ConfigException("cannot read service file " + file + ": " + IniFile.reason(e));
        }
        Map<String, String> values = null;
        for (int number = 1; number <= lines.size(); number++) {
            String line = lines.get(number - 1).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            if (line.startsWith("[")) {
                if (values != null) {
                    break;
                }
                values = line.equals("[" + service + "]") ? new LinkedHashMap<>() : null;
            } else if (values != null) {
                int equals = line.indexOf('=');
                if (equals <= 0) {
                    throw new ConfigException("syntax error in service file \"" + file + "\", line " + number);
                }
                values.putIfAbsent(line.substring(0, equals), line.substring(equals + 1));
            }
        }
        return Optional.ofNullable(values);
    }
}
