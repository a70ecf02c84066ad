// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import static io.pgtrickle.proxy.auth.AuthLab.whoAmI;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.proxy.auth.AuthLab.Door;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Users that only the server knows, asked for with auth_query. */
class AuthQueryIT {

    private static final String HBA = """
            host all postgres 127.0.0.1/32 trust
            host all hashed   127.0.0.1/32 md5
            host all plain    127.0.0.1/32 password
            host all all      127.0.0.1/32 scram-sha-256
            """;

    @TempDir
    private static Path directory;

    private static AuthLab lab;
    private static Door scram;
    private static Door md5;
    private static Door plain;
    private static Door function;

    @BeforeAll
    static void start() throws Exception {
        lab = new AuthLab(directory, HBA);
        lab.sql(
                "CREATE ROLE asker LOGIN SUPERUSER PASSWORD 'askers'",
                "CREATE ROLE modest LOGIN PASSWORD 'modests'",
                "CREATE ROLE salted LOGIN PASSWORD 'salteds'",
                "CREATE ROLE plain LOGIN PASSWORD 'plains'",
                "CREATE ROLE expired LOGIN PASSWORD 'expireds' VALID UNTIL '2020-01-01'",
                "CREATE ROLE valid LOGIN PASSWORD 'valids' VALID UNTIL '2999-01-01'",
                "CREATE ROLE nologin PASSWORD 'nologins'",
                "CREATE ROLE nopassword LOGIN",
                "CREATE ROLE changing LOGIN PASSWORD 'olds'",
                "CREATE ROLE attacker LOGIN PASSWORD 'attackers'",
                "CREATE ROLE \"o'dd \\ \"\"name\" LOGIN PASSWORD 'odds'",
                "SET password_encryption = md5",
                "CREATE ROLE hashed LOGIN PASSWORD 'hasheds'",
                "CREATE DATABASE auth");
        String lookup = """
                CREATE FUNCTION public.user_lookup(name text, OUT uname text, OUT secret text) LANGUAGE sql SECURITY DEFINER
                SET search_path = pg_catalog, pg_temp
                AS $$ SELECT rolname, rolpassword FROM pg_authid WHERE rolname = name AND rolcanlogin $$""";
        lab.sql(lookup, "CREATE SCHEMA evil AUTHORIZATION attacker", "GRANT CREATE ON DATABASE postgres TO attacker");
        Path users = lab.write("users", "\"asker\" \"askers\"\n\"modest\" \"modests\"\n");
        String common = "auth_file = " + users + "\nauth_user = asker\npool_mode = transaction\n";
        scram = lab.proxy("* =", common + "auth_type = scram-sha-256");
        md5 = lab.proxy("* =", common + "auth_type = md5");
        plain = lab.proxy("* =", common + "auth_type = plain");
        function = lab.proxy("""
                postgres = auth_user=modest auth_query='SELECT uname, secret FROM user_lookup($1)'
                elsewhere = dbname=postgres auth_dbname=auth
                denied = dbname=postgres auth_user=modest
                stranger = dbname=postgres auth_user=salted
                broken = dbname=postgres auth_query='SELECT nonsense($1)'
                auth =
                absent =""", common + "auth_type = scram-sha-256");
    }

    @AfterAll
    static void stop() {
        lab.close();
    }

    @ParameterizedTest
    @CsvSource({"salted, salteds", "valid, valids", "asker, askers"})
    void aUserOfTheServerLogsInWithScramOnBothSides(String user, String password) throws SQLException {
        assertThat(whoAmI(scram, "postgres", user, password)).isEqualTo(user);
    }

    @Test
    void namesAreParametersAndNotText() throws SQLException {
        assertThat(whoAmI(scram, "postgres", "o'dd \\ \"name", "odds")).isEqualTo("o'dd \\ \"name");
    }

    @ParameterizedTest
    @CsvSource({"salted, salteds", "hashed, hasheds"})
    void underMd5EachUserIsAskedAsItsSecretAllows(String user, String password) throws SQLException {
        assertThat(whoAmI(md5, "postgres", user, password)).isEqualTo(user);
    }

    @ParameterizedTest
    @CsvSource({"salted, salteds", "hashed, hasheds", "plain, plains"})
    void aPasswordInClearLogsInEverywhere(String user, String password) throws SQLException {
        assertThat(whoAmI(plain, "postgres", user, password)).isEqualTo(user);
    }

    @ParameterizedTest
    @CsvSource({"salted, wrong", "expired, expireds", "nologin, nologins", "nopassword, ''", "nopassword, x", "nobody, x"})
    void whoCannotLogInHearsThatThePasswordIsWrong(String user, String password) {
        for (Door door : List.of(scram, md5, plain)) {
            assertRefused(() -> whoAmI(door, "postgres", user, password.isEmpty() ? "x" : password),
                    "28P01", "FATAL: password authentication failed for user \"" + user + "\"");
        }
    }

    @Test
    void aChangedPasswordCountsAtTheNextLogin() throws SQLException {
        try (Connection early = AuthLab.connect(scram.port(), "postgres", "changing", "olds", Map.of())) {
            lab.sql("ALTER ROLE changing PASSWORD 'news'");
            assertRefused(() -> whoAmI(scram, "postgres", "changing", "olds"), "28P01", "password authentication failed");
            try (Connection late = AuthLab.connect(scram.port(), "postgres", "changing", "news", Map.of());
                    Statement lateStatement = late.createStatement();
                    Statement earlyStatement = early.createStatement()) {
                late.setAutoCommit(false);
                lateStatement.execute("SELECT 1");
                // It has the connection there was; another one is opened with the keys that the newest login has left.
                assertThat(earlyStatement.execute("SELECT 1")).isTrue();
                assertThat(lab.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'changing'")).isEqualTo("2");
            }
        }
    }

    @Test
    void manyClientsShareFewConnections() throws SQLException {
        List<Connection> clients = new ArrayList<>();
        try {
            for (int i = 0; i < 30; i++) {
                Connection client = AuthLab.connect(scram.port(), "postgres", "valid", "valids", Map.of());
                clients.add(client);
                try (Statement statement = client.createStatement()) {
                    statement.execute("SELECT 1");
                }
            }
            assertThat(Integer.parseInt(lab.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'valid'"))).isLessThanOrEqualTo(20);
            assertThat(Integer.parseInt(lab.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgtrickle auth_query'")))
                    .as("of four proxies").isLessThanOrEqualTo(4 * 4 * 2);
        } finally {
            for (Connection client : clients) {
                client.close();
            }
        }
    }

    @Test
    void theDatabasesOwnQueryRunsInItAsItsOwnUser() throws SQLException {
        assertThat(whoAmI(function, "postgres", "salted", "salteds")).isEqualTo("salted");
    }

    @Test
    void authDbnameIsWhereTheQueryRuns() throws SQLException {
        assertThat(whoAmI(function, "elsewhere", "salted", "salteds")).isEqualTo("salted");
        assertThat(lab.sql("SELECT string_agg(DISTINCT usename, ',') FROM pg_stat_activity WHERE application_name = 'pgtrickle auth_query' AND datname = 'auth'"))
                .isEqualTo("asker");
    }

    @ParameterizedTest
    @ValueSource(strings = {"search_path=evil", "search_path=evil,pg_catalog"})
    void whatAClientStartsWithNeverReachesTheQuery(String option) throws SQLException {
        try (Connection attacker = AuthLab.connect(scram.port(), "postgres", "attacker", "attackers", Map.of());
                Statement statement = attacker.createStatement()) {
            statement.execute("CREATE OR REPLACE FUNCTION evil.user_lookup(name text, OUT uname text, OUT secret text) LANGUAGE sql AS $$ SELECT name, 'mine' $$");
            statement.execute("CREATE OR REPLACE VIEW evil.pg_authid AS SELECT 'salted'::name AS rolname, 'mine'::text AS rolpassword,"
                    + " null::timestamptz AS rolvaliduntil, true AS rolcanlogin");
            statement.execute("GRANT USAGE ON SCHEMA evil TO PUBLIC");
            statement.execute("GRANT SELECT ON evil.pg_authid TO PUBLIC");
        }
        Map<String, String> options = Map.of("options", "-c " + option);
        for (Door door : List.of(function, scram)) {
            assertRefused(() -> whoAmI(door, "postgres", "salted", "mine", options), "28P01", "password authentication failed");
            assertThat(whoAmI(door, "postgres", "salted", "salteds", options)).isEqualTo("salted");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "denied | 42501", // modest may not read pg_authid
        "broken | 42883",
        "stranger | 58000"}) // auth_file has no password of salted
    void aQueryThatFailsIsNotTheClientsFaultAndSaysNothingOfTheServer(String database, String sqlState) {
        assertRefused(() -> whoAmI(function, database, "salted", "salteds"), sqlState, "auth_query failed: the user's password cannot be checked now");
    }

    @Test
    void aDatabaseThatTheServerDoesNotHaveIsNamed() {
        assertRefused(() -> whoAmI(function, "absent", "salted", "salteds"), "3D000", "database \"absent\" does not exist");
        assertRefused(() -> whoAmI(scram, "absent", "asker", "askers"), "3D000", "database \"absent\" does not exist"); // who is not looked up
    }

    private static void assertRefused(ThrowingCallable login, String sqlState, String message) {
        assertThatThrownBy(login).isInstanceOfSatisfying(SQLException.class, e -> {
            assertThat(e.getSQLState()).as(e.getMessage()).isEqualTo(sqlState);
            assertThat(e.getMessage()).contains(message);
        });
    }
}
