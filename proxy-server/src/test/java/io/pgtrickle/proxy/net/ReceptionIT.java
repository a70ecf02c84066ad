// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.suite.SkipWithoutDocker;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What clients meet before and with their first statement: PgBouncer's settings about it. */
@ExtendWith(SkipWithoutDocker.class)
class ReceptionIT {

    private static final String DATABASE = "one = dbname=postgres";

    @TempDir
    private Path directory;

    private static Connection connect(NetLab lab, String... properties) throws SQLException {
        var all = new Properties();
        all.setProperty("user", "postgres");
        for (int i = 0; i < properties.length; i += 2) {
            all.setProperty(properties[i], properties[i + 1]);
        }
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + lab.port() + "/one", all);
    }

    @Test
    void a_notice_after_the_login() throws Exception {
        try (NetLab lab = new NetLab(directory, DATABASE, "", "login_notify_message = maintenance at eight");
                Connection client = connect(lab)) {
            assertThat(String.valueOf(client.getWarnings())).endsWith("maintenance at eight");
            assertThat(NetLab.query(client, "SELECT 1")).containsExactly("1");
        }
    }

    @Test
    void no_simple_queries() throws Exception {
        try (NetLab lab = new NetLab(directory, DATABASE, "", "disable_pqexec = 1")) {
            try (Connection extended = connect(lab, "assumeMinServerVersion", "9.0")) {
                assertThat(NetLab.query(extended, "SELECT 1")).containsExactly("1");
            }
            assertThatThrownBy(() -> connect(lab, "preferQueryMode", "simple")).as("it begins with one").isInstanceOfSatisfying(SQLException.class, e -> {
                assertThat(e.getMessage()).contains("simple queries are not allowed (disable_pqexec)");
                assertThat(e.getSQLState()).isEqualTo("08P01");
            });
            assertThat(lab.show("POOLS", "database")).as("the console is none of it").contains("one");
        }
    }

    @Test
    void the_clients_address_in_its_name() throws Exception {
        for (String mode : new String[] {"session", "transaction"}) {
            try (NetLab lab = new NetLab(directory, DATABASE, "", "pool_mode = " + mode, "application_name_add_host = 1");
                    Connection named = connect(lab, "assumeMinServerVersion", "9.0", "ApplicationName", "shop");
                    Connection unnamed = connect(lab, "assumeMinServerVersion", "9.0", "ApplicationName", "")) {
                assertThat(NetLab.query(named, "SHOW application_name")).singleElement().asString().matches("shop - 127\\.0\\.0\\.1:\\d+");
                assertThat(NetLab.query(unnamed, "SHOW application_name")).singleElement().asString().matches("(app)? - 127\\.0\\.0\\.1:\\d+");
            }
        }
    }

    @Test
    void what_sessions_of_a_database_begin_with() throws Exception {
        String databases = "one = dbname=postgres timezone=Asia/Tokyo datestyle='German, DMY' application_name=one";
        for (String mode : new String[] {"session", "transaction"}) {
            try (NetLab lab = new NetLab(directory, databases, "", "pool_mode = " + mode);
                    Connection client = connect(lab, "ApplicationName", "mine", "options", "-c search_path=pg_catalog")) {
                assertThat(NetLab.query(client, "SHOW application_name")).containsExactly("mine");
                assertThat(NetLab.query(client, "SHOW search_path")).containsExactly("pg_catalog");
            }
            try (NetLab lab = new NetLab(directory, databases, "", "pool_mode = " + mode)) {
                NetLab.Ended psql = NetLab.psql("127.0.0.1", lab.port(), "postgres", "one", "SHOW timezone; RESET timezone; SHOW timezone; SHOW datestyle");
                assertThat(psql.output()).isEqualTo("Asia/Tokyo\nAsia/Tokyo\nGerman, DMY");
            }
        }
    }
}
