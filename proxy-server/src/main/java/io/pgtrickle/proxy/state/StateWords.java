// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.state;

import io.netty.buffer.ByteBuf;

/**
 * Whether the SQL of a message can change what outlives a transaction in a session. Cheap, as every statement is looked at, and on the
 * safe side: commands are known by the first word of a statement, functions and temporary objects by a word anywhere, quoted or not.
 * What the server then says decides ({@link SessionState}). A function whose body does such things is not seen.
 *
 * @param suspect something may be left, or gone
 * @param settings the names of settings are in the text
 * @param loads a library is loaded
 * @param ends something that holds the connection may be gone
 * @param names prepared statements are named, or all dropped
 */
public record StateWords(boolean suspect, boolean settings, boolean loads, boolean ends, boolean names) {

    private static final int SUSPECT = 1;
    private static final int SETTINGS = 2;
    private static final int LOADS = 4;
    private static final int ENDS = 8;
    private static final int NAMES = 16;
    /** SET, if not followed by LOCAL and the like. */
    private static final int SET = 32;

    private static final StateWords[] ALL = new StateWords[SET];

    static {
        for (int flags = 0; flags < ALL.length; flags++) {
            ALL[flags] = new StateWords(
                    (flags & SUSPECT) != 0, (flags & SETTINGS) != 0, (flags & LOADS) != 0, (flags & ENDS) != 0, (flags & NAMES) != 0);
        }
    }

    /** Nothing of the kind. */
    public static final StateWords NONE = ALL[0];

    /** Looks at the bytes from {@code from} on, in any client encoding. */
    public static StateWords in(ByteBuf text, int from) {
        int end = text.writerIndex();
        int found = 0;
        boolean first = true;
        int at = from;
        while (at < end) {
            byte c = text.getByte(at);
            if (isWordPart(c)) {
                int wordEnd = at + 1;
                while (wordEnd < end && isWordPart(text.getByte(wordEnd))) {
                    wordEnd++;
                }
                if ((found & SET) != 0) {
                    found = found & ~SET | (isHarmlessBehindSet(text, at, wordEnd - at) ? 0 : SUSPECT | SETTINGS);
                }
                found |= first ? firstWord(text, at, wordEnd - at) : 0;
                found |= anyWord(text, at, wordEnd - at);
                first = false;
                at = wordEnd;
            } else if (first && c == '-' && at + 1 < end && text.getByte(at + 1) == '-') {
                at = endOfLine(text, at, end);
            } else if (first && c == '/' && at + 1 < end && text.getByte(at + 1) == '*') {
                at = endOfComment(text, at, end);
            } else {
                first = c == ';' || first && isSpace(c);
                at++;
            }
        }
        return ALL[(found & SET) != 0 ? found & ~SET | SUSPECT | SETTINGS : found];
    }

    private static int firstWord(ByteBuf text, int at, int length) {
        return switch (length) {
            case 2 -> is(text, at, "do") ? SUSPECT | SETTINGS : 0;
            case 3 -> is(text, at, "set") ? SET : 0;
            case 4 -> is(text, at, "load") ? SUSPECT | LOADS : is(text, at, "drop") ? ENDS : 0;
            case 5 -> is(text, at, "reset") ? SUSPECT : is(text, at, "close") ? ENDS : 0;
            case 6 -> is(text, at, "listen") ? SUSPECT : 0;
            case 7 -> is(text, at, "prepare") || is(text, at, "discard") ? SUSPECT | ENDS | NAMES : 0;
            case 8 -> is(text, at, "unlisten") ? ENDS : 0;
            case 10 -> is(text, at, "deallocate") ? ENDS | NAMES : 0;
            default -> 0;
        };
    }

    private static int anyWord(ByteBuf text, int at, int length) {
        return switch (length) {
            case 1 -> isUnicodeIdentifier(text, at) ? SUSPECT | SETTINGS : 0;
            case 4 -> is(text, at, "temp") || is(text, at, "hold") ? SUSPECT : 0;
            case 7 -> is(text, at, "pg_temp") ? SUSPECT : is(text, at, "execute") ? NAMES : 0;
            case 9 -> is(text, at, "temporary") ? SUSPECT : 0;
            case 10 -> is(text, at, "set_config") ? SUSPECT | SETTINGS : 0;
            case 11 -> is(text, at, "pg_settings") ? SUSPECT : 0; // an UPDATE of it sets
            default -> length >= 16 && is(text, at, "pg_") && names(text, at, length, "advisory") && !names(text, at, length, "_xact_")
                    ? SUSPECT
                    : 0;
        };
    }

    /** U&"…", which may spell anything. */
    private static boolean isUnicodeIdentifier(ByteBuf text, int at) {
        return at + 2 < text.writerIndex() && is(text, at, "u") && text.getByte(at + 1) == '&' && text.getByte(at + 2) == '"';
    }

    /** SET LOCAL, SET TRANSACTION, SET CONSTRAINTS end with the transaction. */
    private static boolean isHarmlessBehindSet(ByteBuf text, int at, int length) {
        return switch (length) {
            case 5 -> is(text, at, "local");
            case 11 -> is(text, at, "transaction") || is(text, at, "constraints");
            default -> false;
        };
    }

    private static boolean names(ByteBuf text, int at, int length, String part) {
        for (int i = at; i <= at + length - part.length(); i++) {
            if (is(text, i, part)) {
                return true;
            }
        }
        return false;
    }

    /** @param word in lower-case letters and underscores */
    private static boolean is(ByteBuf text, int at, String word) {
        for (int i = 0; i < word.length(); i++) {
            byte c = text.getByte(at + i);
            if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != word.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private static int endOfLine(ByteBuf text, int from, int end) {
        int at = from;
        while (at < end && text.getByte(at) != '\n' && text.getByte(at) != '\r') {
            at++;
        }
        return at;
    }

    private static int endOfComment(ByteBuf text, int from, int end) {
        int depth = 0;
        int at = from;
        do {
            boolean opens = at + 1 < end && text.getByte(at) == '/' && text.getByte(at + 1) == '*';
            boolean closes = at + 1 < end && text.getByte(at) == '*' && text.getByte(at + 1) == '/';
            depth += opens ? 1 : closes ? -1 : 0;
            at += opens || closes ? 2 : 1;
        } while (depth > 0 && at < end);
        return at;
    }

    private static boolean isWordPart(byte c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= '0' && c <= '9' || c < 0;
    }

    private static boolean isSpace(byte c) {
        return c == ' ' || c >= '\t' && c <= '\r';
    }
}
