// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.lexer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SqlLexerTest {

    /** KIND:text of every token that is not white space, separated by blanks. */
    private static String lex(String text, boolean standardConformingStrings) {
        return SqlLexer.tokens(text, standardConformingStrings).stream()
                .filter(token -> token.kind() != TokenKind.WHITESPACE)
                .map(token -> token.kind() + ":" + token.text(text))
                .collect(Collectors.joining(" "));
    }

    private static String lex(String text) {
        return lex(text, true);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "select Größe         | IDENTIFIER:select IDENTIFIER:Größe",
                "a$1 $1 $a           | IDENTIFIER:a$1 PARAMETER:$1 OTHER:$ IDENTIFIER:a",
                "$1a                 | JUNK:$1a",
                "1 1.5 1. .5 1e5     | NUMBER:1 NUMBER:1.5 NUMBER:1. NUMBER:.5 NUMBER:1e5",
                "1.e+5 1E-05         | NUMBER:1.e+5 NUMBER:1E-05",
                "1..2                | NUMBER:1 DOT_DOT:.. NUMBER:2",
                "1.5..2              | NUMBER:1.5 DOT_DOT:.. NUMBER:2",
                "1.5.2               | NUMBER:1.5 NUMBER:.2",
                "0x1F 0o17 0b01 0x_1 | NUMBER:0x1F NUMBER:0o17 NUMBER:0b01 NUMBER:0x_1",
                "1_000 1_0.2_0e1_0   | NUMBER:1_000 NUMBER:1_0.2_0e1_0",
                "1s 1_ 1__0 0x 0xG   | JUNK:1s JUNK:1_ JUNK:1__0 JUNK:0x JUNK:0xG",
                "0b2 0x1$ 1e 1e+ 1.a | JUNK:0b2 JUNK:0x1$ JUNK:1e JUNK:1e+ JUNK:1.a",
                "1$a$x$a$            | NUMBER:1 DOLLAR_STRING:$a$x$a$",
                "a::b x:=1 y=>1 z:q  | IDENTIFIER:a TYPECAST::: IDENTIFIER:b IDENTIFIER:x COLON_EQUALS::= NUMBER:1 "
                        + "IDENTIFIER:y EQUALS_GREATER:=> NUMBER:1 IDENTIFIER:z SYMBOL:: IDENTIFIER:q",
                "a<-1                | IDENTIFIER:a OPERATOR:< OPERATOR:- NUMBER:1",
                "a=>-1               | IDENTIFIER:a EQUALS_GREATER:=> OPERATOR:- NUMBER:1",
                "a@-1                | IDENTIFIER:a OPERATOR:@- NUMBER:1",
                "a*-+-1              | IDENTIFIER:a OPERATOR:* OPERATOR:- OPERATOR:+ OPERATOR:- NUMBER:1",
                "a->>'b'             | IDENTIFIER:a OPERATOR:->> STRING:'b'",
                "a<=--c              | IDENTIFIER:a OPERATOR:<= COMMENT:--c",
                "a+/*c*/b            | IDENTIFIER:a OPERATOR:+ COMMENT:/*c*/ IDENTIFIER:b",
                "a @>/*c*/ b         | IDENTIFIER:a OPERATOR:@> COMMENT:/*c*/ IDENTIFIER:b",
                "a//*c*/b            | IDENTIFIER:a OPERATOR:/ COMMENT:/*c*/ IDENTIFIER:b",
                "/* a /* b */ c */d  | COMMENT:/* a /* b */ c */ IDENTIFIER:d",
                "/* a /* b */ c      | UNTERMINATED:/* a /* b */ c",
                "/*/ a */b           | COMMENT:/*/ a */ IDENTIFIER:b",
                "/***/b              | COMMENT:/***/ IDENTIFIER:b",
                "'a''b' 'c           | STRING:'a''b' UNTERMINATED:'c",
                "'a\\' 'b'           | STRING:'a\\' STRING:'b'",
                "e'a\\'b' E'\\\\'    | ESCAPE_STRING:e'a\\'b' ESCAPE_STRING:E'\\\\'",
                "xe'a'               | IDENTIFIER:xe STRING:'a'",
                "B'01' x'1F' n'a'    | BIT_STRING:B'01' BIT_STRING:x'1F' STRING:n'a'",
                "B'1''0'             | BIT_STRING:B'1' STRING:'0'",
                "\"a\"\"b\" \"c      | QUOTED_IDENTIFIER:\"a\"\"b\" UNTERMINATED:\"c",
                "U&'a''b' u&\"a\"    | UNICODE_STRING:U&'a''b' UNICODE_IDENTIFIER:u&\"a\"",
                "U&\"a\" /*c*/ uescape '!' b | UNICODE_IDENTIFIER:U&\"a\" /*c*/ uescape '!' IDENTIFIER:b",
                "U&\"a\" UESCAPE '+' | UNICODE_IDENTIFIER:U&\"a\" IDENTIFIER:UESCAPE STRING:'+'",
                "U&\"a\" UESCAPEx    | UNICODE_IDENTIFIER:U&\"a\" IDENTIFIER:UESCAPEx",
                "U & 'a'             | IDENTIFIER:U OPERATOR:& STRING:'a'",
                "$$a'b$$ $q$a$$b$q$  | DOLLAR_STRING:$$a'b$$ DOLLAR_STRING:$q$a$$b$q$",
                "a$b$c$              | IDENTIFIER:a$b$c$",
                "$a$ $b$a$x          | DOLLAR_STRING:$a$ $b$a$ IDENTIFIER:x",
                "$é$a$é$             | DOLLAR_STRING:$é$a$é$",
                "$a$b                | UNTERMINATED:$a$b",
                "a\\b {              | IDENTIFIER:a OTHER:\\ IDENTIFIER:b OTHER:{",
                "a;b,(c)[d].e        | IDENTIFIER:a SYMBOL:; IDENTIFIER:b SYMBOL:, SYMBOL:( IDENTIFIER:c SYMBOL:) SYMBOL:[ "
                        + "IDENTIFIER:d SYMBOL:] SYMBOL:. IDENTIFIER:e"
            })
    void everyRuleOfTheLexerHasItsExample(String text, String expected) {
        assertThat(lex(text)).isEqualTo(expected);
    }

    @Test
    void aLineCommentEndsAtEitherLineEnd() {
        assertThat(lex("a--b\rc--d\ne")).isEqualTo("IDENTIFIER:a COMMENT:--b IDENTIFIER:c COMMENT:--d IDENTIFIER:e");
    }

    @Test
    void aLiteralContinuesOnTheNextLineOnly() {
        assertThat(lex("'a'\n'b'")).isEqualTo("STRING:'a'\n'b'");
        assertThat(lex("'a' -- c\n -- d\n 'b'")).isEqualTo("STRING:'a' -- c\n -- d\n 'b'");
        assertThat(lex("'a' 'b'")).isEqualTo("STRING:'a' STRING:'b'");
        assertThat(lex("'a' /*\n*/ 'b'")).isEqualTo("STRING:'a' COMMENT:/*\n*/ STRING:'b'");
        assertThat(lex("E'a'\n'\\'b'")).isEqualTo("ESCAPE_STRING:E'a'\n'\\'b'");
        assertThat(lex("'a'\n$$b$$")).isEqualTo("STRING:'a' DOLLAR_STRING:$$b$$");
    }

    @Test
    void withoutStandardConformingStringsPlainLiteralsHaveEscapes() {
        assertThat(lex("'a\\' 'c'", false)).isEqualTo("ESCAPE_STRING:'a\\' ' IDENTIFIER:c UNTERMINATED:'");
        assertThat(lex("n'a\\'b'", false)).isEqualTo("ESCAPE_STRING:n'a\\'b'");
        assertThat(lex("U&'a\\' x'1'", false)).isEqualTo("UNICODE_STRING:U&'a\\' BIT_STRING:x'1'");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 20261120})
    void tokensOfAnyTextConcatenateToTheText(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            String text = RandomSql.next(random);
            boolean standard = random.nextBoolean();
            List<Token> tokens = SqlLexer.tokens(text, standard);
            int position = 0;
            for (Token token : tokens) {
                assertThat(token.start()).as("seed %d, text <%s>", seed, text).isEqualTo(position);
                assertThat(token.length()).as("seed %d, text <%s>", seed, text).isPositive();
                position = token.end();
                TokenValue.identifier(text, token);
                TokenValue.string(text, token);
            }
            assertThat(position).as("seed %d, text <%s>", seed, text).isEqualTo(text.length());
        }
    }

    @Test
    void wordsCompareWithoutRegardToAsciiCaseOnly() {
        assertThat(new Token(TokenKind.IDENTIFIER, 0, 4).isWord("DaTa", "data")).isTrue();
        assertThat(new Token(TokenKind.IDENTIFIER, 0, 2).isWord("A\u017f", "as")).isFalse();
    }
}
