// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.proxy.admin.AdminLab.Ended;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.util.PSQLException;

/** Who gets to the console, and how it speaks with the clients that people use. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConsoleIT {

    @TempDir
    private static Path directory;

    private AdminLab lab;

    @BeforeAll
    void start() throws IOException {
        lab = new AdminLab(directory, "pool_mode = transaction");
    }

    @AfterAll
    void stop() {
        lab.close();
    }

    private Ended psql(String user, String password, String... arguments) throws Exception {
        var command = new java.util.ArrayList<>(java.util.List.of(
                "psql", "-XAt", "-v", "VERBOSITY=verbose", "-h", "127.0.0.1", "-p", String.valueOf(lab.port), "-U", user, "-d", "pgbouncer"));
        command.addAll(java.util.List.of(arguments));
        return AdminLab.run(password, command.toArray(String[]::new));
    }

    @Test
    void psql_can_look_and_command() throws Exception {
        assertThat(psql("boss", "the boss", "-c", "SHOW VERSION").output()).startsWith("PgBouncer 1.25.0 (pgtrickle ");
        assertThat(psql("boss", "the boss", "-c", "show help").output()).contains("Console usage").contains("SHUTDOWN WAIT_FOR_SERVERS|WAIT_FOR_CLIENTS");
        assertThat(psql("boss", "the boss", "-c", "PAUSE other; SHOW STATE; RESUME other;").output()).contains("PAUSE\nactive|yes\npaused|no\nsuspended|no\nRESUME");
        assertThat(psql("looker", "just looking", "-c", "SHOW STATE;").output()).contains("suspended|no");
    }

    @Test
    void psycopg_can_look_and_command() throws Exception {
        String program = """
                import psycopg, sys
                for autocommit in (True, False):
                    with psycopg.connect(host='127.0.0.1', port=%d, user='boss', password='the boss', dbname='pgtrickle', autocommit=autocommit) as c:
                        for binary in (False, True):
                            with c.cursor(binary=binary) as cursor:
                                cursor.execute('SHOW POOLS', prepare=binary)
                                print([d.name for d in cursor.description][:3], cursor.fetchall()[-1][:4])
                        c.commit()
                        c.execute('RECONNECT')
                """.formatted(lab.port);
        Ended ended = AdminLab.run("", "python3", "-c", program);
        assertThat(ended.output().lines()).as(ended.output()).hasSize(4).allMatch("['database', 'user', 'cl_active'] ('pgbouncer', 'pgbouncer', 1, 0)"::equals);
    }

    @Test
    void what_drivers_say_on_their_own_account_is_taken() throws SQLException {
        for (String mode : new String[] {"simple", "extended", "extendedForPrepared"}) {
            try (Connection looker = lab.connect("pgbouncer", "looker", "just looking", Map.of("preferQueryMode", mode, "ApplicationName", "watcher"));
                    Statement statement = looker.createStatement()) {
                looker.setAutoCommit(false);
                looker.setReadOnly(true);
                assertThat(AdminLab.query(looker, "SELECT version()")).startsWith("PgBouncer 1.25");
                assertThat(AdminLab.query(looker, "SELECT 1")).isEqualTo("1");
                assertThat(looker.isValid(5)).isTrue();
                statement.execute("SET extra_float_digits = 3");
                statement.execute("SET client_encoding TO 'UTF8'");
                statement.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY");
                statement.execute("");
                statement.execute("-- nothing\n;");
                statement.execute("BEGIN");
                assertThat(AdminLab.query(looker, "SHOW TRANSACTION ISOLATION LEVEL")).isEqualTo("read committed");
                assertThat(AdminLab.query(looker, "/* watcher */ show standard_conforming_strings;")).isEqualTo("on");
                looker.rollback();
                looker.commit();
            }
        }
    }

    private static void assertRefused(Connection connection, String command, String sqlState, String message, String hint) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            assertThatThrownBy(() -> statement.execute(command)).as(command)
                    .asInstanceOf(InstanceOfAssertFactories.type(PSQLException.class))
                    .satisfies(e -> {
                        assertThat(e.getSQLState()).isEqualTo(sqlState);
                        assertThat(e.getServerErrorMessage().getMessage()).contains(message);
                        assertThat(String.valueOf(e.getServerErrorMessage().getHint())).contains(hint);
                    });
            assertThat(AdminLab.query(connection, "SHOW VERSION")).as("goes on").isNotEmpty();
        }
    }

    @Test
    void what_it_does_not_understand_is_an_error_with_a_hint() throws SQLException {
        for (String mode : new String[] {"simple", "extended"}) {
            try (Connection boss = lab.connect("pgbouncer", "boss", "the boss", Map.of("preferQueryMode", mode))) {
                assertRefused(boss, "PASUE", "42601", "unknown command \"PASUE\"", "Did you mean PAUSE? This is the admin console; SHOW HELP");
                assertRefused(boss, "SHOW POOL", "42601", "nothing to SHOW called \"pool\"", "Did you mean SHOW POOLS?");
                assertRefused(boss, "SELECT * FROM pg_class", "0A000", "does not know SQL", "SHOW HELP");
                assertRefused(boss, "PAUSE nowhere", "3D000", "no such database: nowhere", "null");
                assertRefused(boss, "PAUSE othr", "3D000", "no such database", "Did you mean other?");
                assertRefused(boss, "PAUSE a b", "42601", "syntax error at or near \"b\"", "double quotes");
                assertRefused(boss, "PAUSE pgbouncer", "22023", "is the admin console itself", "null");
                assertRefused(boss, "RESUME", "55000", "not paused", "null");
                assertRefused(boss, "DISABLE", "42601", "a database is required", "DISABLE <db>");
                assertRefused(boss, "SUSPEND", "0A000", "SUSPEND is not supported", "PAUSE");
                assertRefused(boss, "SHUTDOWN SOON", "42601", "SOON", "WAIT_FOR_SERVERS");
                assertRefused(boss, "KILL_CLIENT 123456789", "22023", "there is no client", "SHOW CLIENTS");
                assertRefused(boss, "KILL_CLIENT x", "42601", "not the id of a client", "SHOW CLIENTS");
                assertRefused(boss, "SET pool_mod = 'session'", "F0000", "there is no setting \"pool_mod\"", "Nothing has changed");
                assertRefused(boss, "SET pool_mode = 'always'", "F0000", "must be one of session, transaction, statement", "Nothing has changed");
                assertRefused(boss, "SET listen_port = 1", "F0000", "cannot be changed while the proxy runs", "Nothing has changed");
            }
        }
    }

    @Test
    void stats_users_may_look_only() throws SQLException {
        try (Connection looker = lab.looker()) {
            for (String command : new String[] {
                "PAUSE", "RESUME", "KILL", "KILL_CLIENT 1", "RECONNECT", "WAIT_CLOSE", "DISABLE other", "ENABLE other", "RELOAD", "SET verbose = 1",
                "SHUTDOWN", "SUSPEND", "SHOW FDS"
            }) {
                assertRefused(looker, command, "42501", "is for admin_users", "stats_users");
            }
        }
    }

    @Test
    void others_do_not_get_in() {
        assertThatThrownBy(() -> lab.connect("pgbouncer", "postgres", "postgres", Map.of()))
                .hasMessageContaining("user \"postgres\" may not use the admin console");
        assertThatThrownBy(() -> lab.connect("pgbouncer", "boss", "wrong", Map.of())).hasMessageContaining("password authentication failed");
        // in admin_users, but nobody knows a password
        assertThatThrownBy(() -> lab.connect("pgbouncer", "root", "", Map.of())).hasMessageContaining("password");
    }

    @Test
    void with_auth_type_any_everybody_may_look_and_nobody_command() throws Exception {
        try (AdminLab open = new AdminLab(directory)) {
            open.configuration(open.configuration().replace("auth_type = md5", "auth_type = any").replaceAll("(?m)^(\\S+ = host=.*)$", "$1 user=postgres"));
            open.command("RELOAD");
            try (Connection anybody = open.connect("pgbouncer", "boss", "", Map.of())) {
                assertThat(AdminLab.rows(anybody, "SHOW POOLS")).isNotEmpty();
                assertRefused(anybody, "KILL", "42501", "is for admin_users", "");
            }
        }
    }

    @Test
    void with_passthrough_the_users_of_auth_file_get_in() throws Exception {
        try (AdminLab through = new AdminLab(directory)) {
            through.configuration(through.configuration().replace("auth_type = md5", "auth_type = passthrough"));
            through.command("RELOAD");
            try (Connection boss = through.boss()) {
                assertThat(AdminLab.rows(boss, "SHOW POOLS")).isNotEmpty();
            }
            assertThatThrownBy(() -> through.connect("pgbouncer", "root", "x", Map.of())).hasMessageContaining("no password is known");
        }
    }

    @Test
    void warnings_come_as_warnings() throws Exception {
        try (AdminLab own = new AdminLab(directory);
                Connection boss = own.boss();
                Statement statement = boss.createStatement()) {
            own.configuration(own.configuration().replace("[pgtrickle]", "listen_port = 7777\nno_such_setting = 1\n[pgtrickle]"));
            statement.execute("RELOAD");
            SQLWarning first = statement.getWarnings();
            assertThat(first.getMessage()).contains("unknown setting \"no_such_setting\"").contains("ignored");
            assertThat(first.getNextWarning().getMessage()).contains("listen_port").contains("take a new start");
            assertThat(own.show("CONFIG", "listen_port")).containsEntry("value", "0");
        }
    }
}
