// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScriptReaderTest {

    @Test
    void a_piece_ends_with_the_line_that_completes_its_statements() {
        assertThat(pieces("SELECT 1;\nSELECT\n2;\nSELECT 3; SELECT 4;\n"))
                .containsExactly("SELECT 1;\n", "SELECT\n2;\n", "SELECT 3; SELECT 4;\n");
    }

    @Test
    void a_semicolon_inside_something_ends_nothing() {
        assertThat(pieces("SELECT 'a;\nb';\n")).hasSize(1);
        assertThat(pieces("SELECT $x$;\n$x$;\n")).hasSize(1);
        assertThat(pieces("SELECT 1 /* ;\n*/;\n")).hasSize(1);
        assertThat(pieces("CREATE RULE r AS ON INSERT TO t DO (SELECT 1;\nSELECT 2);\n")).hasSize(1);
        assertThat(pieces("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1;\nEND;\n")).hasSize(1);
    }

    @Test
    void a_last_statement_needs_no_semicolon() {
        assertThat(pieces("SELECT 1;\n\nSELECT 2")).containsExactly("SELECT 1;\n", "SELECT 2\n");
        assertThat(pieces("\n \n")).isEmpty();
    }

    @Test
    void quit_ends_the_script_between_statements_only() {
        assertThat(pieces("SELECT 1;\nquit\nSELECT 2;\n")).containsExactly("SELECT 1;\n");
        assertThat(pieces("\\q\n")).isEmpty();
        assertThat(pieces("SELECT 1 AS\nquit\n;\n")).containsExactly("SELECT 1 AS\nquit\n;\n");
    }

    @Test
    void the_prompt_tells_whether_a_statement_has_begun() {
        List<Boolean> prompts = new ArrayList<>();
        ScriptReader.typed(new BufferedReader(new StringReader("SELECT\n1;\n")), prompts::add).iterator().forEachRemaining(_ -> {});

        assertThat(prompts).containsExactly(false, true, false);
    }

    private static List<String> pieces(String script) {
        List<String> pieces = new ArrayList<>();
        ScriptReader.of(new BufferedReader(new StringReader(script))).forEach(pieces::add);
        return pieces;
    }
}
