// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.render;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.pgtrickle.sql.lexer.Identifiers;
import io.pgtrickle.sql.lexer.RandomSql;
import io.pgtrickle.sql.lexer.SqlLexer;
import io.pgtrickle.sql.lexer.Token;
import io.pgtrickle.sql.lexer.TokenValue;
import io.pgtrickle.sql.statement.QualifiedName;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuotingTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "orders   | orders",
                "_a$1     | _a$1",
                "Orders   | \"Orders\"",
                "my tab   | \"my tab\"",
                "1a       | \"1a\"",
                "$a       | \"$a\"",
                "größe    | \"größe\"",
                "a\"b     | \"a\"\"b\"",
                "select   | \"select\"",
                "system_user | \"system_user\"",
                "json_table  | \"json_table\"",
                "isnull      | \"isnull\"",
                "data        | data",
            })
    void onlyPlainIdentifiersStayBare(String name, String expected) {
        assertThat(Quoting.identifier(name)).isEqualTo(expected);
    }

    @Test
    void qualifiedNamesAreQuotedPartByPart() {
        assertThat(Quoting.qualified("public", "A.b")).isEqualTo("public.\"A.b\"");
        assertThat(Quoting.qualified(QualifiedName.of("user"))).isEqualTo("\"user\"");
        assertThat(Quoting.qualified(QualifiedName.of("S", "t"))).isEqualTo("\"S\".t");
    }

    @Test
    void literalsWithBackslashesAreEscapeStrings() {
        assertThat(Quoting.literal("it's")).isEqualTo("'it''s'");
        assertThat(Quoting.literal("")).isEqualTo("''");
        assertThat(Quoting.literal("a\\'b")).isEqualTo(" E'a\\\\''b'");
    }

    @Test
    void whatPostgresCannotStoreIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Quoting.identifier(""));
        assertThatIllegalArgumentException().isThrownBy(() -> Quoting.identifier("a\0"));
        assertThatIllegalArgumentException().isThrownBy(() -> Quoting.literal("a\0"));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 20261120})
    void whateverIsQuotedReadsBackAsItself(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < 5_000; i++) {
            String value = RandomSql.next(random).replace("\0", "").replace("\uD800", "");
            boolean standard = random.nextBoolean();
            String literal = Quoting.literal(value).strip();
            assertThat(TokenValue.string(literal, only(literal, standard))).contains(value);
            if (!value.isEmpty()) {
                String identifier = Quoting.identifier(value);
                assertThat(TokenValue.identifier(identifier, only(identifier, standard)))
                        .contains(Identifiers.truncate(value));
            }
        }
    }

    private static Token only(String text, boolean standard) {
        List<Token> tokens = SqlLexer.tokens(text, standard);
        assertThat(tokens).as(text).hasSize(1);
        return tokens.getFirst();
    }
}
