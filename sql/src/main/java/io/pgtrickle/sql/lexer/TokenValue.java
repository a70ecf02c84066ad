// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.lexer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What identifiers and string literals stand for; empty where PostgreSQL would refuse the token or it has no such value. */
public final class TokenValue {

    private TokenValue() {}

    /** An identifier's name: folded or unquoted, and truncated. */
    public static Optional<String> identifier(String source, Token token) {
        String text = token.text(source);
        Optional<String> name = switch (token.kind()) {
            case IDENTIFIER -> Optional.of(Identifiers.lowerAscii(text));
            case QUOTED_IDENTIFIER -> Optional.of(text.substring(1, text.length() - 1).replace("\"\"", "\""));
            case UNICODE_IDENTIFIER -> unicode(text, '"');
            default -> Optional.empty();
        };
        return name.filter(value -> !value.isEmpty()).map(Identifiers::truncate);
    }

    /** A string literal's value. */
    public static Optional<String> string(String source, Token token) {
        String text = token.text(source);
        return switch (token.kind()) {
            case STRING -> Optional.of(body(text, text.indexOf('\''), '\'', false).joined());
            case ESCAPE_STRING -> escapes(body(text, text.indexOf('\''), '\'', true).pieces());
            case UNICODE_STRING -> unicode(text, '\'');
            case DOLLAR_STRING -> {
                int tag = text.indexOf('$', 1) + 1;
                yield Optional.of(text.substring(tag, text.length() - tag));
            }
            default -> Optional.empty();
        };
    }

    /** The raw text between the quotes, a piece per continuation, and where the last one ends. */
    private record Body(List<String> pieces, char quote, int end) {
        String joined() {
            return String.join("", pieces).replace(String.valueOf(quote).repeat(2), String.valueOf(quote));
        }
    }

    private static Body body(String text, int open, char quote, boolean backslashes) {
        List<String> pieces = new ArrayList<>();
        int start = open + 1;
        int p = start;
        while (p < text.length()) {
            char c = text.charAt(p);
            boolean doubled = c == quote && p + 1 < text.length() && text.charAt(p + 1) == quote;
            if (doubled || backslashes && c == '\\') {
                p += 2;
            } else if (c != quote) {
                p++;
            } else {
                pieces.add(text.substring(start, p));
                int continued = quote == '\'' ? SqlLexer.continuation(text, p + 1) : -1;
                if (continued < 0) {
                    return new Body(pieces, quote, p + 1);
                }
                start = continued + 1;
                p = start;
            }
        }
        throw new IllegalArgumentException("not a complete literal: " + text);
    }

    /** {@code U&"d\0061t\+000061"}: four or six hexadecimal digits; surrogate pairs may be written as two. */
    private static Optional<String> unicode(String text, char quote) {
        Body body = body(text, 2, quote, false);
        char escape = body.end() < text.length() ? text.charAt(text.length() - 2) : '\\';
        String content = body.joined();
        StringBuilder value = new StringBuilder(content.length());
        for (int p = 0; p < content.length(); ) {
            char c = content.charAt(p);
            if (c != escape) {
                value.append(c);
                p++;
            } else if (p + 1 < content.length() && content.charAt(p + 1) == escape) {
                value.append(escape);
                p += 2;
            } else {
                boolean six = p + 1 < content.length() && content.charAt(p + 1) == '+';
                int digits = p + (six ? 2 : 1);
                int end = digits + (six ? 6 : 4);
                int codePoint = hex(content, digits, end);
                if (codePoint <= 0 || codePoint > Character.MAX_CODE_POINT) {
                    return Optional.empty();
                }
                value.appendCodePoint(codePoint);
                p = end;
            }
        }
        return wellFormed(value.toString());
    }

    /** C-style escapes. Octal and hexadecimal ones give bytes, which must make up UTF-8 together. */
    private static Optional<String> escapes(List<String> pieces) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (String piece : pieces) {
            int p = 0;
            while (p < piece.length()) {
                int next = piece.charAt(p) == '\\' ? escape(piece, p, bytes) : plain(piece, p, bytes);
                if (next < 0) {
                    return Optional.empty();
                }
                p = next;
            }
        }
        try {
            return Optional.of(UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes.toByteArray())).toString())
                    .filter(value -> value.indexOf('\0') < 0);
        } catch (CharacterCodingException notUtf8) {
            return Optional.empty();
        }
    }

    /** Appends the character at a position, a doubled quote once; returns the position after it. */
    private static int plain(String text, int at, ByteArrayOutputStream bytes) {
        int codePoint = text.codePointAt(at);
        bytes.writeBytes(Character.toString(codePoint).getBytes(UTF_8));
        return at + (codePoint == '\'' ? 2 : Character.charCount(codePoint));
    }

    /** Appends what the escape at a position stands for; returns the position after it, or -1 if it is malformed. */
    private static int escape(String text, int backslash, ByteArrayOutputStream bytes) {
        int at = backslash + 1;
        char c = text.charAt(at);
        int digitsEnd = endOfDigits(text, c, at);
        if (digitsEnd > at) {
            bytes.write(Integer.parseInt(text, c == 'x' ? at + 1 : at, digitsEnd, c == 'x' ? 16 : 8));
            return digitsEnd;
        }
        if (c != 'u' && c != 'U') {
            int codePoint = simpleEscape(text.codePointAt(at));
            bytes.writeBytes(Character.toString(codePoint).getBytes(UTF_8));
            return at + Character.charCount(codePoint);
        }
        int end = at + (c == 'u' ? 5 : 9);
        int codePoint = hex(text, at + 1, end);
        if (codePoint >= 0xD800 && codePoint <= 0xDBFF && end + 1 < text.length() && text.charAt(end) == '\\') {
            int lowEnd = end + (text.charAt(end + 1) == 'u' ? 6 : text.charAt(end + 1) == 'U' ? 10 : 0);
            int low = hex(text, end + 2, lowEnd);
            codePoint = low >= 0xDC00 && low <= 0xDFFF ? Character.toCodePoint((char) codePoint, (char) low) : -1;
            end = lowEnd;
        }
        if (codePoint <= 0 || codePoint >= 0xD800 && codePoint <= 0xDFFF) {
            return -1;
        }
        bytes.writeBytes(Character.toString(codePoint).getBytes(UTF_8));
        return end;
    }

    private static int simpleEscape(int c) {
        return switch (c) {
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'v' -> 0x0B;
            default -> c;
        };
    }

    /** The end of up to three octal digits or of x and up to two hexadecimal ones; {@code from} if there are none. */
    private static int endOfDigits(String content, char first, int from) {
        boolean hex = first == 'x';
        int begin = hex ? from + 1 : from;
        int p = begin;
        while (p < content.length() && p < begin + (hex ? 2 : 3) && asciiDigit(content.charAt(p), hex ? 16 : 8) >= 0) {
            p++;
        }
        return p == begin ? from : p;
    }

    private static int hex(String content, int from, int to) {
        if (to <= from || to > content.length()) {
            return -1;
        }
        long value = 0;
        for (int p = from; p < to; p++) {
            int digit = asciiDigit(content.charAt(p), 16);
            if (digit < 0) {
                return -1;
            }
            value = value * 16 + digit;
        }
        return value > Character.MAX_CODE_POINT ? -1 : (int) value;
    }

    private static int asciiDigit(char c, int radix) {
        return c < 0x80 ? Character.digit(c, radix) : -1;
    }

    /** A surrogate without its partner is no character. */
    private static Optional<String> wellFormed(String value) {
        return UTF_8.newEncoder().canEncode(value) ? Optional.of(value) : Optional.empty();
    }
}
