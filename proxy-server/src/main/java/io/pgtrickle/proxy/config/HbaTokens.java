// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.util.ArrayList;
import java.util.List;

/**
 * The syntax of pg_hba.conf and pg_ident.conf (PostgreSQL manual 20.1): fields between blanks, a field is a list with commas, # starts a
 * comment, a backslash at its end continues a line, double quotes protect all of these and make a keyword a name.
 */
final class HbaTokens {

    /** @param quoted it began with a quote, so it is no keyword */
    record Token(String text, boolean quoted) {

        boolean is(String keyword) {
            return !quoted && text.equals(keyword);
        }
    }

    /** @param number of its first line, from 1 */
    record Line(int number, List<List<Token>> fields) {

        Line {
            fields = List.copyOf(fields);
        }
    }

    private final String text;
    private int position;

    private HbaTokens(String text) {
        this.text = text;
    }

    /** The lines that are not empty. @throws ConfigException naming lines whose quotes do not close */
    static List<Line> read(String text, String source) {
        var lines = new ArrayList<Line>();
        var problems = new ArrayList<String>();
        String[] physical = text.split("\n", -1);
        for (int i = 0; i < physical.length; i++) {
            int number = i + 1;
            String line = physical[i].stripTrailing();
            while (line.endsWith("\\") && i + 1 < physical.length) {
                line = line.substring(0, line.length() - 1) + physical[++i].stripTrailing();
            }
            try {
                List<List<Token>> fields = new HbaTokens(line).fields();
                if (!fields.isEmpty()) {
                    lines.add(new Line(number, fields));
                }
            } catch (IllegalArgumentException e) {
                problems.add(source + ":" + number + ": " + e.getMessage());
            }
        }
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
        return lines;
    }

    private List<List<Token>> fields() {
        var fields = new ArrayList<List<Token>>();
        boolean continued = false;
        for (skipBlanks(); position < text.length() && text.charAt(position) != '#'; skipBlanks()) {
            if (text.charAt(position) == ',') {
                continued = true;
                position++;
            } else if (continued && !fields.isEmpty()) {
                fields.getLast().add(token());
                continued = false;
            } else {
                fields.add(new ArrayList<>(List.of(token())));
                continued = false;
            }
        }
        return fields;
    }

    private Token token() {
        boolean quoted = text.charAt(position) == '"';
        boolean inQuotes = false;
        var token = new StringBuilder();
        for (; position < text.length(); position++) {
            char c = text.charAt(position);
            if (c == '"') {
                if (inQuotes && position + 1 < text.length() && text.charAt(position + 1) == '"') {
                    token.append(c);
                    position++;
                } else {
                    inQuotes = !inQuotes;
                }
            } else if (!inQuotes && (c == ',' || c == '#' || Character.isWhitespace(c))) {
                break;
            } else {
                token.append(c);
            }
        }
        if (inQuotes) {
            throw new IllegalArgumentException("a double quote does not close");
        }
        return new Token(token.toString(), quoted);
    }

    private void skipBlanks() {
        while (position < text.length() && Character.isWhitespace(text.charAt(position))) {
            position++;
        }
    }
}
