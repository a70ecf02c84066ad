// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;

class TestPostgresIT {

    @Test
    void every_test_database_is_new_and_empty_on_one_server() throws SQLException {
        TestPostgres postgres = TestPostgres.shared();
        String first = postgres.createDatabase();
        String second = postgres.createDatabase();

        assertThat(first).isNotEqualTo(second);
        try (Connection connection = postgres.connect(first);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE t ()");
        }
        try (Connection connection = postgres.connect(second);
                Statement statement = connection.createStatement();
                ResultSet tables = statement.executeQuery("SELECT count(*) FROM pg_class WHERE relname = 't'")) {
            assertThat(tables.next()).isTrue();
            assertThat(tables.getInt(1)).isZero();
        }
    }
}
