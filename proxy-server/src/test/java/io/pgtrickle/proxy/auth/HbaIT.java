// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.proxy.auth.AuthLab.Door;
import io.pgtrickle.proxy.auth.AuthLab.Ended;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** auth_hba_file, with libpq in psql and psycopg and with pgjdbc; the server asks each user in another way. */
class HbaIT {

    private static final String SERVER_HBA = """
            host all postgres 127.0.0.1/32 trust
            host all trusted  127.0.0.1/32 trust
            host all clear    127.0.0.1/32 password
            host all hashed   127.0.0.1/32 md5
            host all all      127.0.0.1/32 scram-sha-256
            """;

    private static final String HBA = """
            local    all         all                   peer
            hostssl  all         all      all          trust
            host     postgres    banned   all          reject
            host     all         trusted  127.0.0.0/8  trust
            host     all         trusted  all          reject
            host     sameuser    all      127.0.0.1 255.255.255.255 md5
            host     @databases  clear    127.0.0.1/32 password
            host     postgres    hashed,"salted" 127.0.0.1/32 md5
            host     all         other    all          scram-sha-256
            host     replication salted   all          reject
            """;

    @TempDir
    private static Path directory;

    private static AuthLab lab;
    private static Door door;

    @BeforeAll
    static void start() throws Exception {
        lab = new AuthLab(directory, SERVER_HBA);
        lab.sql(
                "CREATE ROLE trusted LOGIN",
                "CREATE ROLE banned LOGIN PASSWORD 'secret'",
                "CREATE ROLE clear LOGIN PASSWORD 'secret'",
                "CREATE ROLE salted LOGIN PASSWORD 'secret'",
                "CREATE ROLE other LOGIN PASSWORD 'secret'",
                "SET password_encryption = md5",
                "CREATE ROLE hashed LOGIN PASSWORD 'secret'",
                "CREATE DATABASE salted");
        String hashed = lab.sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'hashed'");
        String salted = lab.sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'salted'");
        Path users = lab.write("users", """
                "trusted" ""
                "banned" "secret"
                "clear" "secret"
                "hashed" "%s"
                "salted" "%s"
                "other" "secret"
                """.formatted(hashed, salted));
        lab.write("databases", "postgres\n");
        Path hba = lab.write("hba", HBA);
        door = lab.proxy("* =", "auth_type = hba\nauth_hba_file = " + hba + "\nauth_file = " + users);
    }

    @AfterAll
    static void stop() {
        lab.close();
    }

    @ParameterizedTest
    @CsvSource({"trusted, postgres, ''", "clear, postgres, secret", "hashed, postgres, secret", "salted, postgres, secret", "salted, salted, secret", "other, postgres, secret"})
    void theLineThatFitsSaysHowTheClientIsAsked(String user, String database, String password) throws Exception {
        assertThat(AuthLab.whoAmI(door, database, user, password)).isEqualTo(user);
        assertThat(AuthLab.psql(door, database, user, password)).isEqualTo(new Ended(0, user));
        assertThat(AuthLab.psycopg(door, database, user, password)).isEqualTo(new Ended(0, user));
    }

    @ParameterizedTest
    @CsvSource({"clear, postgres", "hashed, postgres", "salted, postgres", "other, postgres", "nobody, nobody"})
    void aWrongPasswordIsRefusedInPostgresqlsWords(String user, String database) throws Exception {
        String message = "FATAL:  password authentication failed for user \"" + user + "\"";
        assertRefused(database, user, Map.of(), "28P01", "password authentication failed");
        assertThat(AuthLab.psql(door, database, user, "wrong").output()).endsWith(message);
        assertThat(AuthLab.psycopg(door, database, user, "wrong").output()).contains(message);
    }

    @Test
    void aRejectedClientIsNotAskedForItsPassword() throws Exception {
        assertThat(AuthLab.psql(door, "postgres", "banned", "secret").output())
                .endsWith("FATAL:  pg_hba.conf rejects connection for host \"127.0.0.1\", user \"banned\", database \"postgres\", no encryption");
        assertRefused("postgres", "banned", Map.of(), "28000", "pg_hba.conf rejects connection");
    }

    @Test
    void whatNoLineFitsIsRefusedInPostgresqlsWords() throws Exception {
        assertThat(AuthLab.psql(door, "template1", "clear", "secret").output())
                .endsWith("FATAL:  no pg_hba.conf entry for host \"127.0.0.1\", user \"clear\", database \"template1\", no encryption");
        assertRefused("template1", "clear", Map.of(), "28000", "no pg_hba.conf entry for host \"127.0.0.1\", user \"clear\"");
    }

    @Test
    void replicationIsForLinesThatSayReplication() {
        Map<String, String> replication = Map.of("replication", "true", "assumeMinServerVersion", "10");
        assertRefused("postgres", "salted", replication, "28000",
                "pg_hba.conf rejects replication connection for host \"127.0.0.1\", user \"salted\", no encryption");
        assertRefused("postgres", "other", replication, "28000",
                "no pg_hba.conf entry for replication connection from host \"127.0.0.1\", user \"other\", no encryption");
    }

    private static void assertRefused(String database, String user, Map<String, String> more, String sqlState, String message) {
        assertThatThrownBy(() -> AuthLab.whoAmI(door, database, user, "wrong", more)).isInstanceOfSatisfying(SQLException.class, e -> {
            assertThat(e.getSQLState()).isEqualTo(sqlState);
            assertThat(e.getMessage()).contains(message);
        });
    }
}
