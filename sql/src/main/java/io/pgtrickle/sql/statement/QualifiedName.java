// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.statement;

import io.pgtrickle.sql.lexer.Identifiers;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A relation's name as PostgreSQL resolved its spelling: unquoted parts folded to lower case, quoted parts as they are. */
public record QualifiedName(Optional<String> database, Optional<String> schema, String name) {

    public static QualifiedName of(String schema, String name) {
        return new QualifiedName(Optional.empty(), Optional.of(schema), name);
    }

    public static QualifiedName of(String name) {
        return new QualifiedName(Optional.empty(), Optional.empty(), name);
    }

    /** As messages show it. */
    public String shown() {
        return Stream.of(database, schema, Optional.of(name)).flatMap(Optional::stream).collect(Collectors.joining("."));
    }

    /** PostgreSQL takes no other database than the session's own. */
    public QualifiedName in(String database) {
        return new QualifiedName(Optional.of(database), schema, name);
    }

    /**
     * A name given as text, e.g. a function's argument, by the rules of PostgreSQL's regclass input: parts separated by
     * dots, unquoted ones folded and free to hold any character but blanks, dots and quotes.
     *
     * @throws IllegalArgumentException with a message for the user
     */
    public static QualifiedName parse(String text) {
        List<String> parts = new ArrayList<>();
        int p = skipBlanks(text, 0);
        while (true) {
            int end = text.startsWith("\"", p) ? endOfQuoted(text, p) : endOfUnquoted(text, p);
            String part = text.startsWith("\"", p)
                    ? Identifiers.truncate(text.substring(p + 1, end - 1).replace("\"\"", "\""))
                    : Identifiers.fold(text.substring(p, end));
            if (part.isEmpty()) {
                throw invalid(text);
            }
            parts.add(part);
            p = skipBlanks(text, end);
            if (p == text.length()) {
                break;
            }
            if (text.charAt(p) != '.') {
                throw invalid(text);
            }
            p = skipBlanks(text, p + 1);
        }
        return switch (parts.size()) {
            case 1 -> of(parts.getFirst());
            case 2 -> of(parts.getFirst(), parts.getLast());
            default -> throw new IllegalArgumentException("improper qualified name (too many dotted names): " + text);
        };
    }

    private static int endOfUnquoted(String text, int from) {
        int p = from;
        while (p < text.length() && text.charAt(p) != '.' && text.charAt(p) != '"' && !isBlank(text.charAt(p))) {
            p++;
        }
        return p;
    }

    private static int endOfQuoted(String text, int from) {
        int p = from + 1;
        while (true) {
            int quote = text.indexOf('"', p);
            if (quote < 0) {
                throw invalid(text);
            }
            if (!text.startsWith("\"", quote + 1)) {
                return quote + 1;
            }
            p = quote + 2;
        }
    }

    private static int skipBlanks(String text, int from) {
        int p = from;
        while (p < text.length() && isBlank(text.charAt(p))) {
            p++;
        }
        return p;
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c >= '\t' && c <= '\r';
    }

    private static IllegalArgumentException invalid(String text) {
        return new IllegalArgumentException("invalid name syntax: \"" + text + "\"");
    }
}
