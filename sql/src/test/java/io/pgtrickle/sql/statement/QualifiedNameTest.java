// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.statement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QualifiedNameTest {

    @Test
    void textIsReadAsPostgresReadsARegclass() {
        assertThat(QualifiedName.parse("orders")).isEqualTo(QualifiedName.of("orders"));
        assertThat(QualifiedName.parse("public.orders")).isEqualTo(QualifiedName.of("public", "orders"));
        assertThat(QualifiedName.parse("My.Tab")).isEqualTo(QualifiedName.of("my", "tab"));
        assertThat(QualifiedName.parse("\"My\".\"Tab\"")).isEqualTo(QualifiedName.of("My", "Tab"));
        assertThat(QualifiedName.parse(" \"a.\"\"b\" .\tC-1 ")).isEqualTo(QualifiedName.of("a.\"b", "c-1"));
        assertThat(QualifiedName.parse("Größe")).isEqualTo(QualifiedName.of("größe"));
        assertThat(QualifiedName.parse("n".repeat(70))).isEqualTo(QualifiedName.of("n".repeat(63)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", ".", "a.", ".a", "a..b", "a b", "\"a", "\"\"", "\"a\"b", "a\"b\"", "\"a\"\"", "a,b c"})
    void whatIsNoNameIsRefused(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> QualifiedName.parse(text))
                .withMessage("invalid name syntax: \"" + text + "\"");
    }

    @Test
    void aNameWithADatabaseIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> QualifiedName.parse("db.s.t"))
                .withMessage("improper qualified name (too many dotted names): db.s.t");
    }
}
