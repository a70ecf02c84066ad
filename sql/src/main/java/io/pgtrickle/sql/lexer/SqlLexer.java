// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.lexer;

import java.util.ArrayList;
import java.util.List;

/**
 * PostgreSQL's lexical rules (scan.l of PostgreSQL 18), pulled one token at a time. Every input is a sequence of tokens
 * that concatenate to the input again; what PostgreSQL would refuse becomes a token whose kind {@link TokenKind#isError}.
 * Not thread-safe; one instance per text.
 */
public final class SqlLexer {

    private static final String OPERATOR_CHARACTERS = "~!@#^&|`?+-*/%<>=";

    /** An operator with one of these may end in + or -, others may not: {@code a<-1} is {@code a < -1}. */
    private static final String NON_SQL_OPERATOR_CHARACTERS = "~!@#^&|`?%";

    private static final char END = '\0';

    private final String text;
    private final boolean standardConformingStrings;
    private TokenKind kind = TokenKind.WHITESPACE;
    private int start;
    private int position;

    public SqlLexer(String text, boolean standardConformingStrings) {
        this.text = text;
        this.standardConformingStrings = standardConformingStrings;
    }

    /** All tokens, white space and comments included. */
    public static List<Token> tokens(String text, boolean standardConformingStrings) {
        List<Token> tokens = new ArrayList<>();
        SqlLexer lexer = new SqlLexer(text, standardConformingStrings);
        while (lexer.advance()) {
            tokens.add(lexer.token());
        }
        return tokens;
    }

    /** All tokens the grammar sees. */
    public static List<Token> significantTokens(String text, boolean standardConformingStrings) {
        List<Token> tokens = tokens(text, standardConformingStrings);
        tokens.removeIf(token -> !token.kind().isSignificant());
        return tokens;
    }

    /** Moves to the next token; false at the end of the text. */
    public boolean advance() {
        start = position;
        if (position == text.length()) {
            return false;
        }
        kind = scan(text.charAt(position));
        return true;
    }

    public TokenKind kind() {
        return kind;
    }

    public int start() {
        return start;
    }

    public int end() {
        return position;
    }

    public Token token() {
        return new Token(kind, start, position);
    }

    private TokenKind scan(char c) {
        if (isSpace(c)) {
            position = skipSpace(position);
            return TokenKind.WHITESPACE;
        }
        if (isIdentifierStart(c)) {
            return word(c);
        }
        if (isDigit(c) || c == '.' && isDigit(at(position + 1))) {
            return number();
        }
        return switch (c) {
            case '\'' -> quoted(plainString(), 1);
            case '"' -> quotedIdentifier(TokenKind.QUOTED_IDENTIFIER, 1);
            case '$' -> dollar();
            case '.' -> at(position + 1) == '.' ? take(2, TokenKind.DOT_DOT) : take(1, TokenKind.SYMBOL);
            case ':' -> switch (at(position + 1)) {
                case ':' -> take(2, TokenKind.TYPECAST);
                case '=' -> take(2, TokenKind.COLON_EQUALS);
                default -> take(1, TokenKind.SYMBOL);
            };
            case ',', ';', '(', ')', '[', ']' -> take(1, TokenKind.SYMBOL);
            case '-' -> at(position + 1) == '-' ? lineComment() : operator();
            case '/' -> at(position + 1) == '*' ? blockComment() : operator();
            default -> isOperatorCharacter(c) ? operator() : take(1, TokenKind.OTHER);
        };
    }

    private TokenKind take(int length, TokenKind taken) {
        position += length;
        return taken;
    }

    // ---- comments

    private TokenKind lineComment() {
        position = endOfLine(position);
        return TokenKind.COMMENT;
    }

    private TokenKind blockComment() {
        int end = endOfBlockComment(position);
        position = end < 0 ? text.length() : end;
        return end < 0 ? TokenKind.UNTERMINATED : TokenKind.COMMENT;
    }

    /** Where the comment that begins here ends, or -1; comments nest. */
    private int endOfBlockComment(int from) {
        int depth = 0;
        int p = from;
        while (p < text.length()) {
            char c = text.charAt(p);
            if (c == '/' && at(p + 1) == '*') {
                depth++;
                p += 2;
            } else if (c == '*' && at(p + 1) == '/') {
                depth--;
                p += 2;
                if (depth == 0) {
                    return p;
                }
            } else {
                p++;
            }
        }
        return -1;
    }

    private int endOfLine(int from) {
        int p = from;
        while (p < text.length() && !isNewline(text.charAt(p))) {
            p++;
        }
        return p;
    }

    // ---- identifiers and the literals that begin with a letter

    private TokenKind word(char c) {
        char next = at(position + 1);
        if (next == '\'') {
            switch (c) {
                case 'e', 'E' -> {
                    return quoted(TokenKind.ESCAPE_STRING, 2);
                }
                case 'b', 'B', 'x', 'X' -> {
                    return quoted(TokenKind.BIT_STRING, 2);
                }
                case 'n', 'N' -> {
                    return quoted(plainString(), 2);
                }
                default -> {}
            }
        }
        if ((c == 'u' || c == 'U') && next == '&') {
            char quote = at(position + 2);
            if (quote == '\'') {
                return withUescape(quoted(TokenKind.UNICODE_STRING, 3));
            }
            if (quote == '"') {
                return withUescape(quotedIdentifier(TokenKind.UNICODE_IDENTIFIER, 3));
            }
        }
        position = endOfIdentifier(position);
        return TokenKind.IDENTIFIER;
    }

    private int endOfIdentifier(int from) {
        int p = from;
        while (p < text.length() && isIdentifierPart(text.charAt(p))) {
            p++;
        }
        return p;
    }

    private TokenKind quotedIdentifier(TokenKind quotedKind, int prefix) {
        int p = endOfQuoted(position + prefix, '"', true, false);
        return endAt(p, quotedKind);
    }

    // ---- quoted literals

    private TokenKind plainString() {
        return standardConformingStrings ? TokenKind.STRING : TokenKind.ESCAPE_STRING;
    }

    /** A literal in single quotes and its continuations: {@code 'a'} line end {@code 'b'} is one literal. */
    private TokenKind quoted(TokenKind quotedKind, int prefix) {
        boolean doubling = quotedKind != TokenKind.BIT_STRING;
        boolean backslashes = quotedKind == TokenKind.ESCAPE_STRING;
        int p = endOfQuoted(position + prefix, '\'', doubling, backslashes);
        while (p >= 0) {
            int continued = continuation(text, p);
            if (continued < 0) {
                break;
            }
            p = endOfQuoted(continued + 1, '\'', doubling, backslashes);
        }
        return endAt(p, quotedKind);
    }

    private TokenKind endAt(int end, TokenKind endedKind) {
        position = end < 0 ? text.length() : end;
        return end < 0 ? TokenKind.UNTERMINATED : endedKind;
    }

    /** The position after the closing quote, or -1. */
    private int endOfQuoted(int from, char quote, boolean doubling, boolean backslashes) {
        int p = from;
        while (p < text.length()) {
            char c = text.charAt(p);
            if (c == quote) {
                if (!doubling || at(p + 1) != quote) {
                    return p + 1;
                }
                p += 2;
            } else {
                p += backslashes && c == '\\' ? 2 : 1;
            }
        }
        return -1;
    }

    /** Where the literal that was closed just before {@code from} opens again (its quote), or -1: needs a line end between. */
    static int continuation(String text, int from) {
        boolean newline = false;
        int p = from;
        while (p < text.length()) {
            char c = text.charAt(p);
            if (isSpace(c)) {
                newline |= isNewline(c);
                p++;
            } else if (c == '-' && p + 1 < text.length() && text.charAt(p + 1) == '-') {
                while (p < text.length() && !isNewline(text.charAt(p))) {
                    p++;
                }
            } else {
                return newline && c == '\'' ? p : -1;
            }
        }
        return -1;
    }

    /** Takes a following {@code UESCAPE 'c'} into the token, because the token's value depends on it. */
    private TokenKind withUescape(TokenKind unicodeKind) {
        if (unicodeKind == TokenKind.UNTERMINATED) {
            return unicodeKind;
        }
        int word = skipSpaceAndComments(position);
        if (endOfIdentifier(word) - word == "uescape".length() && text.regionMatches(true, word, "uescape", 0, 7)) {
            int quote = skipSpaceAndComments(word + "uescape".length());
            if (at(quote) == '\'' && at(quote + 2) == '\'' && isUescapeCharacter(at(quote + 1))) {
                position = quote + 3;
            }
        }
        return unicodeKind;
    }

    private int skipSpaceAndComments(int from) {
        int p = from;
        while (true) {
            int next = skipSpace(p);
            if (at(next) == '-' && at(next + 1) == '-') {
                next = endOfLine(next);
            } else if (at(next) == '/' && at(next + 1) == '*') {
                int end = endOfBlockComment(next);
                next = end < 0 ? text.length() : end;
            }
            if (next == p) {
                return p;
            }
            p = next;
        }
    }

    private static boolean isUescapeCharacter(char c) {
        return Character.digit(c, 16) < 0 && c != '+' && c != '\'' && c != '"' && !isSpace(c);
    }

    private TokenKind dollar() {
        char next = at(position + 1);
        if (isDigit(next)) {
            int p = position + 1;
            while (isDigit(at(p))) {
                p++;
            }
            position = p;
            return junkOr(TokenKind.PARAMETER, isIdentifierStart(at(p)));
        }
        int tagEnd = position + 1;
        if (isIdentifierStart(next)) {
            while (isIdentifierPart(at(tagEnd)) && at(tagEnd) != '$') {
                tagEnd++;
            }
        }
        if (at(tagEnd) != '$') {
            return take(1, TokenKind.OTHER);
        }
        String tag = text.substring(position, tagEnd + 1);
        int closing = text.indexOf(tag, tagEnd + 1);
        return endAt(closing < 0 ? -1 : closing + tag.length(), TokenKind.DOLLAR_STRING);
    }

    // ---- numbers

    private TokenKind number() {
        int radix = text.charAt(position) == '0'
                ? switch (at(position + 1)) {
                    case 'x', 'X' -> 16;
                    case 'o', 'O' -> 8;
                    case 'b', 'B' -> 2;
                    default -> 10;
                }
                : 10;
        if (radix != 10) {
            int p = digits(position + 2, radix, true);
            if (p == position + 2) {
                position++;
                return junkOr(TokenKind.NUMBER, true);
            }
            position = p;
            return junkOr(TokenKind.NUMBER, isIdentifierPart(at(p)));
        }
        int p = digits(position, 10, false);
        if (at(p) == '.' && at(p + 1) != '.') {
            p = digits(p + 1, 10, false);
        }
        if (at(p) == 'e' || at(p) == 'E') {
            boolean signed = at(p + 1) == '+' || at(p + 1) == '-';
            int exponent = p + (signed ? 2 : 1);
            if (isDigit(at(exponent))) {
                p = digits(exponent, 10, false);
            } else if (signed) {
                position = exponent;
                return TokenKind.JUNK;
            }
        }
        position = p;
        return junkOr(TokenKind.NUMBER, isIdentifierStart(at(p)));
    }

    /** Digits with single underscores between them (before them too for 0x_1F). */
    private int digits(int from, int radix, boolean leadingUnderscore) {
        int p = from;
        while (true) {
            boolean underscore = at(p) == '_' && (p > from || leadingUnderscore);
            int digit = underscore ? p + 1 : p;
            if (at(digit) >= 0x80 || Character.digit(at(digit), radix) < 0) {
                return p;
            }
            p = digit + 1;
        }
    }

    private TokenKind junkOr(TokenKind clean, boolean junkFollows) {
        if (!junkFollows) {
            return clean;
        }
        position = endOfIdentifier(position);
        return TokenKind.JUNK;
    }

    // ---- operators

    private TokenKind operator() {
        int p = position;
        while (isOperatorCharacter(at(p)) && !(p > position && startsComment(p))) {
            p++;
        }
        int length = p - position;
        if (length > 1 && isSign(at(p - 1)) && !hasNonSqlCharacter(position, p - 1)) {
            do {
                length--;
            } while (length > 1 && isSign(text.charAt(position + length - 1)));
        }
        boolean arrow = length == 2 && text.charAt(position) == '=' && text.charAt(position + 1) == '>';
        return take(length, arrow ? TokenKind.EQUALS_GREATER : TokenKind.OPERATOR);
    }

    private boolean startsComment(int p) {
        return at(p) == '/' && at(p + 1) == '*' || at(p) == '-' && at(p + 1) == '-';
    }

    private boolean hasNonSqlCharacter(int from, int to) {
        for (int p = from; p < to; p++) {
            if (NON_SQL_OPERATOR_CHARACTERS.indexOf(text.charAt(p)) >= 0) {
                return true;
            }
        }
        return false;
    }

    // ---- characters

    private char at(int index) {
        return index < text.length() ? text.charAt(index) : END;
    }

    private int skipSpace(int from) {
        int p = from;
        while (p < text.length() && isSpace(text.charAt(p))) {
            p++;
        }
        return p;
    }

    static boolean isSpace(char c) {
        return c == ' ' || c >= '\t' && c <= '\r';
    }

    private static boolean isNewline(char c) {
        return c == '\n' || c == '\r';
    }

    private static boolean isSign(char c) {
        return c == '+' || c == '-';
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    /** Every character beyond ASCII counts as a letter, whatever Unicode says about it. */
    private static boolean isIdentifierStart(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80;
    }

    private static boolean isIdentifierPart(char c) {
        return isIdentifierStart(c) || isDigit(c) || c == '$';
    }

    private static boolean isOperatorCharacter(char c) {
        return OPERATOR_CHARACTERS.indexOf(c) >= 0;
    }
}
