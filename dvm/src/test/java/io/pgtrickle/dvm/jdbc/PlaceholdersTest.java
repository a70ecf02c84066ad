// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class PlaceholdersTest {

    @Test
    void parametersBecomeQuestionMarksInTheirOrder() {
        assertThat(Placeholders.of("SELECT $2, $1, $2")).isEqualTo(new Placeholders("SELECT ?, ?, ?", List.of(2, 1, 2)));
    }

    @Test
    void questionMarksOfOperatorsAreDoubledAndTextIsLeftAlone() {
        assertThat(Placeholders.of("SELECT j ?| $1, '? $1', $$ ? $1 $$, \"$1?\" -- $1 ?"))
                .isEqualTo(new Placeholders("SELECT j ??| ?, '? $1', $$ ? $1 $$, \"$1?\" -- $1 ?", List.of(1)));
    }
}
