// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.proxy.config.ConfigFile;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.embedded.EmbeddedPostgres;
import io.pgtrickle.proxy.embedded.EmbeddedPostgresOptions;
import io.pgtrickle.proxy.server.ProxyServer;
import io.pgtrickle.suite.NoEngines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A real driver, the proxy, and a server that asks each of its users in another way. */
class AuthenticationIT {

    /** A word that SASLprep changes, so that the prepared forms must agree on all sides. */
    private static final String PASSWORD = "pä\u00a0ss\u2168";

    private static final String HBA = """
            host all postgres  127.0.0.1/32 trust
            host all trusted   127.0.0.1/32 trust
            host all clear     127.0.0.1/32 password
            host all hashed    127.0.0.1/32 md5
            host all salted    127.0.0.1/32 scram-sha-256
            """;

    @TempDir
    private static Path directory;

    private static EmbeddedPostgres server;
    private static final List<ProxyServer> PROXIES = new ArrayList<>();
    private static final Map<String, Integer> PORTS = new HashMap<>();

    @BeforeAll
    static void startServerAndProxies() throws Exception {
        Files.createDirectories(directory.resolve("server"));
        Path hba = Files.writeString(directory.resolve("pg_hba.conf"), HBA);
        directory.toFile().setExecutable(true, false);
        hba.toFile().setReadable(true, false);
        server = EmbeddedPostgres.start(
                EmbeddedPostgresOptions.volatileData(directory.resolve("server")).with("hba_file", hba.toString()), System.err::println);
        String salted;
        String hashed;
        try (Connection superuser = connect(server.port(), "postgres", "postgres", "");
                Statement statement = superuser.createStatement()) {
            statement.execute("CREATE ROLE trusted LOGIN");
            statement.execute("CREATE ROLE clear LOGIN PASSWORD '" + PASSWORD + "'");
            statement.execute("CREATE ROLE salted LOGIN PASSWORD '" + PASSWORD + "'");
            statement.execute("SET password_encryption = md5");
            statement.execute("CREATE ROLE hashed LOGIN PASSWORD '" + PASSWORD + "'");
            salted = single(statement, "SELECT rolpassword FROM pg_authid WHERE rolname = 'salted'");
            hashed = single(statement, "SELECT rolpassword FROM pg_authid WHERE rolname = 'hashed'");
        }
        userList("passwords", PASSWORD, PASSWORD);
        userList("secrets", salted, hashed);
        proxy("passthrough", "passthrough", "");
        proxy("scram", "scram-sha-256", "auth_file = " + directory.resolve("passwords"));
        proxy("secrets", "scram-sha-256", "auth_file = " + directory.resolve("secrets"));
        proxy("md5", "md5", "auth_file = " + directory.resolve("secrets"));
        proxy("trust", "trust", "auth_file = " + directory.resolve("secrets"));
    }

    @AfterAll
    static void stop() {
        PROXIES.forEach(ProxyServer::close);
        server.close();
    }

    @ParameterizedTest
    @CsvSource({
        "passthrough, trusted", "passthrough, clear", "passthrough, hashed", "passthrough, salted",
        "scram, trusted", "scram, clear", "scram, hashed", "scram, salted",
        "secrets, salted",
        "md5, clear", "md5, hashed", "md5, salted",
        "trust, clear", "trust, hashed", "trust, trusted"})
    void whoKnowsThePasswordComesInAsWhoItIs(String proxy, String user) throws SQLException {
        try (Connection connection = connect(port(proxy), "postgres", user, PASSWORD);
                Statement statement = connection.createStatement()) {
            assertThat(single(statement, "SELECT session_user || ' ' || current_database()")).isEqualTo(user + " postgres");
        }
    }

    @ParameterizedTest
    @CsvSource({"passthrough, salted", "passthrough, nobody", "scram, salted", "scram, nobody", "secrets, salted", "secrets, hashed", "md5, hashed", "md5, nobody"})
    void aWrongPasswordIsRefusedInPostgresqlsWords(String proxy, String user) {
        assertThatThrownBy(() -> connect(port(proxy), "postgres", user, "wrong")).isInstanceOfSatisfying(SQLException.class, e -> {
            assertThat(e.getSQLState()).isEqualTo(proxy.equals("passthrough") && user.equals("nobody") ? "28000" : "28P01");
            assertThat(e.getMessage()).contains("\"" + user + "\"");
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"scram", "trust"})
    void anEntrysUserIsWhoEveryClientBecomes(String proxy) throws SQLException {
        try (Connection connection = connect(port(proxy), "forced", "hashed", PASSWORD);
                Statement statement = connection.createStatement()) {
            assertThat(single(statement, "SELECT session_user || ' ' || current_database()")).isEqualTo("salted postgres");
        }
    }

    @Test
    void whatTheServerSaysOfOurOwnLoginReachesTheClient() {
        assertThatThrownBy(() -> connect(port("scram"), "wrong", "trusted", PASSWORD)).isInstanceOfSatisfying(SQLException.class,
                e -> assertThat(e.getMessage()).contains("password authentication failed for user \"salted\""));
    }

    @Test
    void aSecretAloneDoesNotLogInForAClientThatWasNotAsked() {
        assertThatThrownBy(() -> connect(port("trust"), "postgres", "salted", "")).isInstanceOfSatisfying(SQLException.class, e -> {
            assertThat(e.getSQLState()).isEqualTo("28000");
            assertThat(e.getMessage()).contains("only a SCRAM secret is known");
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"passthrough", "scram"})
    void aDatabaseThatDoesNotExistIsReportedLikeTheServerDoes(String proxy) {
        assertThatThrownBy(() -> connect(port(proxy), "absent", "trusted", PASSWORD)).isInstanceOfSatisfying(SQLException.class, e -> {
            assertThat(e.getSQLState()).isEqualTo("3D000");
            assertThat(e.getMessage()).contains("database \"absent\" does not exist");
        });
    }

    private static void userList(String name, String salted, String hashed) throws IOException {
        Files.writeString(directory.resolve(name), """
                "trusted" "%1$s"
                "clear" "%1$s"
                "salted" "%2$s"
                "hashed" "%3$s"
                """.formatted(PASSWORD, salted, hashed));
    }

    private static void proxy(String name, String authType, String more) throws IOException {
        String forced = authType.equals("passthrough") ? "" : """
                forced = dbname=postgres user=salted password='%s'
                wrong = dbname=postgres user=salted password=wrong
                """.formatted(PASSWORD);
        Path file = Files.writeString(directory.resolve(name + ".ini"), """
                [databases]
                %s
                * =
                [pgbouncer]
                listen_addr = 127.0.0.1
                listen_port = 0
                auth_type = %s
                %s
                """.formatted(forced, authType, more));
        ProxyConfig config = ConfigFile.load(file).config().withServer(new HostPort(EmbeddedPostgres.HOST, server.port()));
        var proxy = new ProxyServer(config, new ConfiguredAuthenticator(config), new NoEngines());
        PROXIES.add(proxy);
        PORTS.put(name, proxy.start().getPort());
    }

    private static int port(String proxy) {
        return PORTS.getOrDefault(proxy, 0);
    }

    private static Connection connect(int port, String database, String user, String password) throws SQLException {
        var properties = new Properties();
        properties.setProperty("user", user);
        properties.setProperty("password", password);
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/" + database, properties);
    }

    private static String single(Statement statement, String query) throws SQLException {
        try (ResultSet rows = statement.executeQuery(query)) {
            rows.next();
            return rows.getString(1);
        }
    }
}
