// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.probe;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.TestPostgres;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

class BagsIT {

    @Test
    void the_order_of_rows_does_not_matter() throws SQLException {
        assertThat(compare("VALUES (1, 'a'), (2, 'b')", "VALUES (2, 'b'), (1, 'a')").equal()).isTrue();
        assertThat(compare("VALUES (1, 'a'), (2, 'b')", "VALUES (2, 'b'), (1, 'a')").rows()).isEqualTo(2);
    }

    @Test
    void the_number_of_copies_does() throws SQLException {
        assertThat(compare("VALUES (1), (1), (2)", "VALUES (1), (2), (2)").differences())
                .containsExactlyInAnyOrder("too much: (1)", "missing: (2)");
    }

    @Test
    void values_that_are_equal_but_look_different_are_different() throws SQLException {
        assertThat(compare("SELECT 1.0", "SELECT 1.00").differences()).containsExactlyInAnyOrder("too much: (1.0)", "missing: (1.00)");
    }

    @Test
    void null_is_not_the_empty_string() throws SQLException {
        assertThat(compare("SELECT ''::text", "SELECT NULL::text").equal()).isFalse();
    }

    @Test
    void a_missing_row_is_missed_when_nothing_else_is_there() throws SQLException {
        assertThat(compare("SELECT 1 WHERE false", "SELECT 1").differences()).containsExactly("missing: (1)");
        assertThat(compare("SELECT 1 WHERE false", "SELECT 2 WHERE false").equal()).isTrue();
    }

    private static Bags.Comparison compare(String actual, String expected) throws SQLException {
        try (Connection connection = TestPostgres.shared().connect("postgres")) {
            return Bags.compare(connection, actual, expected);
        }
    }
}
