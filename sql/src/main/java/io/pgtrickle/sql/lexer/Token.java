// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.lexer;

/** A token and its half-open range of UTF-16 positions; the text stays with its owner. */
public record Token(TokenKind kind, int start, int end) {

    public int length() {
        return end - start;
    }

    public String text(String source) {
        return source.substring(start, end);
    }

    /** Whether this is the given key word, in any letter case; quoted identifiers never are. */
    public boolean isWord(String source, String word) {
        return kind == TokenKind.IDENTIFIER
                && length() == word.length()
                && source.regionMatches(true, start, word, 0, word.length())
                && isAscii(source);
    }

    /** Whether this is the given one-character symbol. */
    public boolean isSymbol(String source, char symbol) {
        return kind == TokenKind.SYMBOL && source.charAt(start) == symbol;
    }

    /** regionMatches folds some letters that PostgreSQL does not, e.g. the Kelvin sign. */
    private boolean isAscii(String source) {
        for (int i = start; i < end; i++) {
            if (source.charAt(i) >= 0x80) {
                return false;
            }
        }
        return true;
    }
}
