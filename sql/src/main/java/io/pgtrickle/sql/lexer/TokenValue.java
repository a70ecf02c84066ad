// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.lexer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
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
            case STRING -> Optional.of(body(text, 0, '\'', false).content().replace("''", "'"));
            case ESCAPE_STRING -> escapes(body(text, text.charAt(0) == '\'' ? 0 : 1, '\'', true).content());
            case UNICODE_STRING -> unicode(text, '\'');
            case NATIONAL_STRING -> Optional.of(body(text, 1, '\'', false).content().replace("''", "'"));
            case DOLLAR_STRING -> {
                int tag = text.indexOf('$', 1) + 1;
                yield Optional.of(text.substring(tag, text.length() - tag));
            }
            default -> Optional.empty();
        };
    }

    /** The raw text between the quotes, continuations joined, and where the literal ends. */
    private record Body(String content, int end) {}

    private static Body body(String text, int open, char quote, boolean backslashes) {
        StringBuilder content = new StringBuilder(text.length());
        int p = open + 1;
        while (p < text.length()) {
            char c = text.charAt(p);
            boolean pair = c == quote && p + 1 < text.length() && text.charAt(p + 1) == quote || backslashes && c == '\\';
            if (pair && p + 1 < text.length()) {
                content.append(c).append(text.charAt(p + 1));
                p += 2;
            } else if (c != quote) {
                content.append(c);
                p++;
            } else {
                int continued = quote == '\'' ? SqlLexer.continuation(text, p + 1) : -1;
                if (continued < 0) {
                    return new Body(content.toString(), p + 1);
                }
                p = continued + 1;
            }
        }
        return new Body(content.toString(), p);
    }

    /** {@code U&"d\0061t\+000061"}: four or six hexadecimal digits; surrogate pairs may be written as two. */
    private static Optional<String> unicode(String text, char quote) {
        Body body = body(text, 2, quote, false);
        char escape = body.end() < text.length() ? text.charAt(text.length() - 2) : '\\';
        String doubled = String.valueOf(quote).repeat(2);
        String content = body.content().replace(doubled, String.valueOf(quote));
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
    private static Optional<String> escapes(String content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(content.length());
        int p = 0;
        while (p < content.length()) {
            int codePoint = content.codePointAt(p);
            p += Character.charCount(codePoint);
            if (codePoint == '\'') {
                p++;
            } else if (codePoint == '\\' && p < content.length()) {
                char c = content.charAt(p);
                int digitsEnd = endOfDigits(content, c, p);
                if (c == 'u' || c == 'U') {
                    codePoint = hex(content, p + 1, p + (c == 'u' ? 5 : 9));
                    if (codePoint <= 0 || codePoint > Character.MAX_CODE_POINT) {
                        return Optional.empty();
                    }
                    p += c == 'u' ? 5 : 9;
                    if (Character.isHighSurrogate((char) codePoint) && codePoint < 0x10000) {
                        int low = content.startsWith("\\u", p) ? hex(content, p + 2, p + 6) : -1;
                        if (low < 0xDC00 || low > 0xDFFF) {
                            return Optional.empty();
                        }
                        codePoint = Character.toCodePoint((char) codePoint, (char) low);
                        p += 6;
                    }
                } else if (digitsEnd > p) {
                    bytes.write(Integer.parseInt(content, c == 'x' ? p + 1 : p, digitsEnd, c == 'x' ? 16 : 8));
                    p = digitsEnd;
                    continue;
                } else {
                    codePoint = simpleEscape(content.codePointAt(p));
                    p += Character.charCount(content.codePointAt(p));
                }
            }
            bytes.writeBytes(Character.toString(codePoint).getBytes(UTF_8));
        }
        try {
            return Optional.of(UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes.toByteArray())).toString())
                    .filter(value -> value.indexOf('\0') < 0);
        } catch (CharacterCodingException notUtf8) {
            return Optional.empty();
        }
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
        if (to > content.length()) {
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
