// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.util.LinkedHashMap;
import java.util.Map;

/** PgBouncer's connection strings: {@code key=value key='value with '' and blanks'}, blanks around the equal sign allowed, no empty values. */
final class ConnectionString {

    private final String text;
    private int position;

    private ConnectionString(String text) {
        this.text = text;
    }

    /** @throws IllegalArgumentException saying what is wrong; the last of two values for a key counts */
    static Map<String, String> parse(String text) {
        var in = new ConnectionString(text);
        var values = new LinkedHashMap<String, String>();
        in.skipBlanks();
        while (in.position < text.length()) {
            String key = in.key();
            String value = in.value(key);
            values.put(key, value);
            in.skipBlanks();
        }
        return values;
    }

    private String key() {
        int start = position;
        while (position < text.length() && text.charAt(position) != '=' && !isBlank(text.charAt(position))) {
            position++;
        }
        String key = text.substring(start, position);
        skipBlanks();
        if (key.isEmpty() || position == text.length() || text.charAt(position) != '=') {
            throw new IllegalArgumentException("syntax error in connection string: \"=\" expected after \"" + key + "\"");
        }
        position++;
        skipBlanks();
        return key;
    }

    private String value(String key) {
        String value = position < text.length() && text.charAt(position) == '\'' ? quoted(key) : plain();
        if (value.isEmpty()) {
            throw new IllegalArgumentException("syntax error in connection string: " + key + " has no value");
        }
        return value;
    }

    private String plain() {
        int start = position;
        while (position < text.length() && !isBlank(text.charAt(position))) {
            position++;
        }
        return text.substring(start, position);
    }

    private String quoted(String key) {
        var value = new StringBuilder();
        for (position++; position < text.length(); position++) {
            if (text.charAt(position) != '\'') {
                value.append(text.charAt(position));
            } else if (position + 1 < text.length() && text.charAt(position + 1) == '\'') {
                value.append('\'');
                position++;
            } else {
                position++;
                return value.toString();
            }
        }
        throw new IllegalArgumentException("syntax error in connection string: the quoted value of " + key + " does not end");
    }

    private void skipBlanks() {
        while (position < text.length() && isBlank(text.charAt(position))) {
            position++;
        }
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }
}
