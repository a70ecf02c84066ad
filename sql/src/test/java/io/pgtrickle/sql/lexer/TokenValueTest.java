// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.lexer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenValueTest {

    private static Token only(String text) {
        assertThat(SqlLexer.tokens(text, true)).as(text).hasSize(1);
        return SqlLexer.tokens(text, true).getFirst();
    }

    private static Optional<String> identifier(String text) {
        return TokenValue.identifier(text, only(text));
    }

    private static Optional<String> string(String text) {
        return TokenValue.string(text, only(text));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "Orders                       | orders",
                "ÄÖ_A                         | ÄÖ_a",
                "\"My \"\"Tab\"\"\"           | My \"Tab\"",
                "U&\"d\\0061t\\+000061\"      | data",
                "U&\"d!0061t!!a\" UESCAPE '!' | dat!a",
                "U&\"\\D83D\\DE00\"           | 😀",
            })
    void identifiersAreFoldedOrUnquoted(String text, String expected) {
        assertThat(identifier(text)).contains(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"\"", "U&\"\\00\"", "U&\"\\D83D\"", "U&\"\\0000\"", "U&\"\\+110000\"", "'a'", "1"})
    void whatPostgresRefusesOrIsNoIdentifierHasNoName(String text) {
        assertThat(identifier(text)).isEmpty();
    }

    @Test
    void namesAreCutAtTheLastWholeCharacterWithin63Bytes() {
        assertThat(identifier("A".repeat(70))).contains("a".repeat(63));
        assertThat(identifier('"' + "x" + "é".repeat(40) + '"')).contains("x" + "é".repeat(31));
        assertThat(identifier('"' + "é".repeat(40) + '"')).contains("é".repeat(31));
        assertThat(identifier('"' + "😀".repeat(16) + '"')).contains("😀".repeat(15));
        assertThat(identifier('"' + "a".repeat(63) + '"')).contains("a".repeat(63));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'a''b'                     | a'b",
                "'a\\b'                     | a\\b",
                "E'a\\'b''c\\\\'            | a'b'c\\",
                "E'\\x41\\101\\u0041\\U00000041\\q\\xZ' | AAAAqxZ",
                "E'\\xc3\\xa9 \\uD83D\\uDE00' | é 😀",
                "N'a''b'                    | a'b",
                "$$a'b$$                    | a'b",
                "$q$a$$b$q$                 | a$$b",
                "U&'\\0441\\043B' | сл",
                "U&'a''\\\\'                | a'\\",
            })
    void stringsAreDecoded(String text, String expected) {
        assertThat(string(text)).contains(expected);
    }

    @Test
    void continuedLiteralsAreJoined() {
        assertThat(string("'a'\n  'b' -- c\n'd'")).contains("abd");
        assertThat(string("E'a\\n'\n'\\t'")).contains("a\n\t");
        assertThat(string("E'\\x4'\n'1'")).contains("\u00041");
        assertThat(string("U&'!0061'\n'b' UESCAPE '!'")).contains("ab");
    }

    @Test
    void withoutStandardConformingStringsAPlainLiteralHasEscapes() {
        String text = "'a\\'b'";
        assertThat(TokenValue.string(text, SqlLexer.tokens(text, false).getFirst())).contains("a'b");
    }

    @ParameterizedTest
    @ValueSource(strings = {"E'\\xff'", "E'\\u12'", "E'\\0'", "E'\\uD83D'", "E'\\uDE00'", "E'\\uD83D\\u0041'", "U&'\\zzzz'", "B'1'", "a"})
    void whatPostgresRefusesOrIsNoStringHasNoValue(String text) {
        assertThat(string(text)).isEmpty();
    }
}
