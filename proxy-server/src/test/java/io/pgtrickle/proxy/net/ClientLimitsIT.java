// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.suite.TestPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How many clients of a database or of a user may be there. */
class ClientLimitsIT {

    @TempDir
    private static Path directory;

    @BeforeAll
    static void other() throws SQLException {
        try (Connection superuser = NetLab.connect(TestPostgres.shared().port(), "postgres", "postgres");
                Statement statement = superuser.createStatement()) {
            statement.execute("DO $$ BEGIN CREATE ROLE other LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
        }
    }

    private static void assertRefused(NetLab lab, String database, String user, String setting) {
        assertThatThrownBy(() -> lab.connect(database, user)).isInstanceOfSatisfying(SQLException.class, e -> {
            assertThat(e.getMessage()).contains("client connections exceeded (" + setting + ")");
            assertThat(e.getSQLState()).isEqualTo("53300");
        });
    }

    @Test
    void of_a_database() throws Exception {
        String databases = "one = dbname=postgres\ntwo = dbname=postgres max_db_client_connections=2";
        try (NetLab lab = new NetLab(directory, databases, "", "max_db_client_connections = 1")) {
            try (Connection first = lab.connect("one", "postgres"); Connection second = lab.connect("two", "postgres"); Connection third = lab.connect("two", "other")) {
                assertRefused(lab, "one", "other", "max_db_client_connections");
                assertRefused(lab, "two", "postgres", "max_db_client_connections");
                assertThat(NetLab.query(first, "SELECT 1")).isEqualTo(NetLab.query(second, "SELECT 1")).isEqualTo(NetLab.query(third, "SELECT 1"));
                assertThat(lab.show("DATABASES", "name", "max_client_connections", "current_client_connections")).contains("one 1 1", "two 2 2");
            }
            NetLab.until(() -> lab.show("CLIENTS", "database").stream().noneMatch("one"::equals));
            lab.connect("one", "other").close();
        }
    }

    @Test
    void of_a_user() throws Exception {
        String databases = "one = dbname=postgres\ntwo = dbname=postgres\n[users]\nother = max_user_client_connections=2";
        try (NetLab lab = new NetLab(directory, databases, "", "max_user_client_connections = 1")) {
            try (Connection first = lab.connect("one", "postgres"); Connection second = lab.connect("one", "other"); Connection third = lab.connect("two", "other")) {
                assertRefused(lab, "two", "postgres", "max_user_client_connections");
                assertRefused(lab, "one", "other", "max_user_client_connections");
                assertThat(NetLab.query(first, "SELECT 1")).isEqualTo(NetLab.query(second, "SELECT 1")).isEqualTo(NetLab.query(third, "SELECT 1"));
                assertThat(lab.show("USERS", "name", "max_user_client_connections", "current_client_connections")).contains("postgres 1 1", "other 2 2");
            }
            NetLab.until(() -> lab.show("CLIENTS", "user").stream().noneMatch("postgres"::equals));
            lab.connect("two", "postgres").close();
        }
    }
}
