// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.render;

/** Indents SQL text as String.indent does, but for the lines that begin inside a literal or a quoted name, which would become another. */
public final class Indent {

    private Indent() {}

    /** @param sql whose quotes are doubled inside quotes, never escaped in another way, as in all that is rendered here and in what PostgreSQL deparses */
    public static String by(int blanks, String sql) {
        String indentation = " ".repeat(blanks);
        StringBuilder indented = new StringBuilder(sql.length() + 64).append(indentation);
        char quote = 0;
        boolean comment = false;
        for (int i = 0; i < sql.length(); i++) {
            char c = sql.charAt(i);
            indented.append(c);
            if (comment) {
                comment = c != '\n';
            } else if (quote != 0) {
                quote = c == quote ? 0 : quote;
            } else if (c == '\'' || c == '"') {
                quote = c;
            } else {
                comment = sql.startsWith("--", i);
            }
            if (c == '\n' && quote == 0 && i + 1 < sql.length()) {
                indented.append(indentation);
            }
        }
        return sql.endsWith("\n") ? indented.toString() : indented.append('\n').toString();
    }
}
