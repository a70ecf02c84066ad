// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SourceLineTest {

    @Test
    void the_caret_stands_below_the_character() {
        assertThat(SourceLine.of("SELECT x", 8)).isEqualTo("LINE 1: SELECT x\n               ^");
        assertThat(SourceLine.of("x", 1)).isEqualTo("LINE 1: x\n        ^");
    }

    @Test
    void only_the_line_concerned_is_shown() {
        assertThat(SourceLine.of("SELECT 1,\n  x\nFROM t", 13)).isEqualTo("LINE 2:   x\n          ^");
    }

    @Test
    void tabs_are_repeated_and_characters_outside_the_bmp_count_once() {
        assertThat(SourceLine.of("\t'😀', x", 7)).isEqualTo("LINE 1: \t'😀', x\n        \t     ^");
    }

    @Test
    void a_position_behind_the_end_is_the_end() {
        assertThat(SourceLine.of("SELECT", 7)).isEqualTo("LINE 1: SELECT\n              ^");
        assertThat(SourceLine.of("SELECT", 99)).isEqualTo("LINE 1: SELECT\n              ^");
    }
}
