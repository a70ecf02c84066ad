// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.render;

import io.pgtrickle.sql.statement.QualifiedName;

/** Quotes identifiers and literals as PostgreSQL's quote_ident and quote_literal do: plain identifiers stay as they are. */
public final class Quoting {

    private Quoting() {}

    /** {@code orders} stays, {@code Order} becomes {@code "Order"}; every reserved or keyword-like name is quoted. */
    public static String identifier(String name) {
        if (name.isEmpty() || name.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("an identifier cannot be empty or contain a NUL character");
        }
        return isPlain(name) && !Keywords.isKeyword(name) ? name : '"' + name.replace("\"", "\"\"") + '"';
    }

    public static String qualified(String schema, String name) {
        return identifier(schema) + '.' + identifier(name);
    }

    public static String qualified(QualifiedName name) {
        return name.schema().map(schema -> qualified(schema, name.name())).orElseGet(() -> identifier(name.name()));
    }

    /** A string literal that means the same whatever standard_conforming_strings says; the blank keeps E apart from a word before it. */
    public static String literal(String value) {
        if (value.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a text value cannot contain a NUL character");
        }
        String quoted = "'" + value.replace("'", "''") + "'";
        return value.indexOf('\\') < 0 ? quoted : " E" + quoted.replace("\\", "\\\\");
    }

    private static boolean isPlain(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean letter = c >= 'a' && c <= 'z' || c == '_';
            boolean digit = c >= '0' && c <= '9' || c == '$';
            if (!(letter || i > 0 && digit)) {
                return false;
            }
        }
        return true;
    }
}
