// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.render;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class IndentTest {

    @Test
    void indentsEveryLineAsAStringDoes() {
        for (String sql : new String[] {"SELECT 1", "SELECT 1\n", "SELECT\n  1\nFROM t", "-- it's\nSELECT 'a', \"b\"\nFROM t"}) {
            assertThat(Indent.by(2, sql)).isEqualTo(sql.indent(2));
        }
    }

    @Test
    void leavesLinesInsideQuotesAlone() {
        assertThat(Indent.by(2, "SELECT 'a\nb''\nc',\n1 AS \"d\r\n'e\"")).isEqualTo("  SELECT 'a\nb''\nc',\n  1 AS \"d\r\n'e\"\n");
        assertThat(Indent.by(1, "SELECT E'\\\\\n' -- '\nFROM t")).isEqualTo(" SELECT E'\\\\\n' -- '\n FROM t\n");
    }
}
