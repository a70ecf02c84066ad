// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * PgBouncer's ini syntax: {@code [section]}, {@code key = value} up to the end of the line, {@code %include file}; a comment starts with
 * ; or # at the start of a line only. Keys are letters, digits and {@code _.-*}, or anything in double quotes (two of them stand for one).
 */
final class IniFile {

    private static final int MAX_INCLUDES = 10;
    private static final String INCLUDE = "%include";

    /** A key and its value, or the beginning of a section, whose key is empty; {@code place} is file and line, for messages. */
    record Entry(String section, String key, String value, String place) {}

    private final List<Entry> entries = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();
    private String section = "";

    private IniFile() {}

    /** @throws ConfigException with every line that cannot be read */
    static List<Entry> read(Path file) {
        var ini = new IniFile();
        ini.read(file, 0);
        if (!ini.problems.isEmpty()) {
            throw new ConfigException(ini.problems);
        }
        return ini.entries;
    }

    private void read(Path file, int depth) {
        String text;
        try {
            text = Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            problems.add("cannot read " + file + ": " + reason(e));
            return;
        }
        int number = 0;
        for (String line : text.split("\n", -1)) {
            number++;
            line(line.strip(), file, number, depth);
        }
    }

    private void line(String line, Path file, int number, int depth) {
        String place = file + ":" + number;
        if (line.isEmpty() || line.startsWith(";") || line.startsWith("#")) {
            return;
        }
        if (line.startsWith(INCLUDE + " ") || line.startsWith(INCLUDE + "\t")) {
            if (depth == MAX_INCLUDES) {
                problems.add(place + ": files include each other more than " + MAX_INCLUDES + " deep");
            } else {
                read(Path.of(line.substring(INCLUDE.length()).strip()), depth + 1);
            }
        } else if (line.startsWith("[")) {
            section(line, place);
        } else {
            entry(line, place);
        }
    }

    private void section(String line, String place) {
        int close = line.indexOf(']');
        if (close < 0) {
            problems.add(place + ": \"]\" expected after the section's name");
            return;
        }
        section = line.substring(1, close);
        entries.add(new Entry(section, "", "", place));
        String rest = line.substring(close + 1).strip();
        if (!rest.isEmpty()) {
            entry(rest, place);
        }
    }

    private void entry(String line, String place) {
        int end = line.startsWith("\"") ? quotedEnd(line) : plainEnd(line);
        String rest = line.substring(end).stripLeading();
        if (end == 0 || line.startsWith("\"\"") && end == 2 || !rest.startsWith("=")) {
            problems.add(place + ": \"name = value\" expected");
        } else if (section.isEmpty()) {
            problems.add(place + ": a value before the first [section]");
        } else {
            String key = line.substring(0, end);
            String name = key.startsWith("\"") ? key.substring(1, end - 1).replace("\"\"", "\"") : key;
            entries.add(new Entry(section, name, rest.substring(1).strip(), place));
        }
    }

    private static int plainEnd(String line) {
        int end = 0;
        while (end < line.length() && (Character.isLetterOrDigit(line.charAt(end)) || "_.-*".indexOf(line.charAt(end)) >= 0)) {
            end++;
        }
        return end;
    }

    /** 0 when the quotes do not close. */
    private static int quotedEnd(String line) {
        for (int i = 1; i < line.length(); i++) {
            if (line.charAt(i) == '"') {
                if (i + 1 < line.length() && line.charAt(i + 1) == '"') {
                    i++;
                } else {
                    return i + 1;
                }
            }
        }
        return 0;
    }

    static String reason(IOException e) {
        return switch (e) {
            case java.nio.file.NoSuchFileException _ -> "no such file";
            case java.nio.file.AccessDeniedException _ -> "permission denied";
            case java.nio.charset.CharacterCodingException _ -> "it is not UTF-8 text";
            default -> String.valueOf(e.getMessage());
        };
    }
}
