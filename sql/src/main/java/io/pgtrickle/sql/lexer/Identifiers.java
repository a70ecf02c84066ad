// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.lexer;

import static java.nio.charset.StandardCharsets.UTF_8;

/** PostgreSQL's treatment of identifiers: ASCII letters fold to lower case, 63 bytes (NAMEDATALEN - 1) of UTF-8 remain. */
public final class Identifiers {

    public static final int MAX_BYTES = 63;

    private Identifiers() {}

    /** What an unquoted spelling stands for. */
    public static String fold(String spelling) {
        return truncate(lowerAscii(spelling));
    }

    /** Only A to Z change: neither the machine's locale nor Unicode's case rules apply. */
    public static String lowerAscii(String spelling) {
        for (int i = 0; i < spelling.length(); i++) {
            if (isUpper(spelling.charAt(i))) {
                StringBuilder folded = new StringBuilder(spelling);
                for (int j = i; j < folded.length(); j++) {
                    char c = folded.charAt(j);
                    folded.setCharAt(j, isUpper(c) ? (char) (c + 32) : c);
                }
                return folded.toString();
            }
        }
        return spelling;
    }

    /** Cuts at the last whole character that fits, as PostgreSQL does with a NOTICE. */
    public static String truncate(String name) {
        if (name.length() <= MAX_BYTES / 3) {
            return name;
        }
        byte[] bytes = name.getBytes(UTF_8);
        if (bytes.length <= MAX_BYTES) {
            return name;
        }
        int end = MAX_BYTES;
        while ((bytes[end] & 0xC0) == 0x80) {
            end--;
        }
        return new String(bytes, 0, end, UTF_8);
    }

    private static boolean isUpper(char c) {
        return c >= 'A' && c <= 'Z';
    }
}
