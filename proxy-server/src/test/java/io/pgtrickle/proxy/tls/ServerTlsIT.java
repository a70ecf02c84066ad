// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.conversation.RawClient;
import io.pgtrickle.proxy.embedded.EmbeddedPostgres;
import io.pgtrickle.proxy.tls.TlsLab.Proxy;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The proxy as the TLS client of a real server. */
class ServerTlsIT {

    private static final String SSL_REQUEST = "0000000804d2162f";
    /** The second Int32 of a CancelRequest. */
    private static final String CANCEL_CODE = "04d2162e";
    private static final String SSL = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

    /** AuthenticationSASL with SCRAM-SHA-256 alone: code, name, end. */
    private static final String SCRAM_WITHOUT_BINDING = "R (19)";

    private static TlsLab lab;

    @BeforeAll
    static void start() throws Exception {
        lab = new TlsLab();
    }

    @AfterAll
    static void stop() throws IOException {
        lab.close();
    }

    @AfterEach
    void asBefore() throws Exception {
        lab.serverTls("server", "ALTER SYSTEM RESET ssl_min_protocol_version", "ALTER SYSTEM RESET ssl_ca_file");
    }

    private static String ssl(Proxy proxy) throws SQLException {
        try (Connection connection = lab.connect(proxy.port(), "postgres", "sslmode", "disable")) {
            return TlsLab.single(connection, SSL);
        }
    }

    @ParameterizedTest
    @CsvSource({"disable, f", "allow, t", "prefer, t", "require, t", "verify-ca, t", "verify-full, t"})
    void aServerWithTlsGetsWhatTheModeSays(String mode, String encrypted) throws Exception {
        assertThat(ssl(lab.proxy("passthrough", "server_tls_sslmode = " + mode, "server_tls_ca_file = @/ca.crt"))).isEqualTo(encrypted);
    }

    @Test
    void tlsIsPreferredByDefault() throws Exception {
        assertThat(ssl(lab.proxy("passthrough"))).isEqualTo("t");
    }

    @ParameterizedTest
    @CsvSource({"disable, f", "allow, f", "prefer, f", "require, ''", "verify-ca, ''", "verify-full, ''"})
    void aServerWithoutTlsIsServedOrRefused(String mode, String encrypted) throws Exception {
        Proxy proxy = lab.proxy("passthrough", "server_tls_sslmode = " + mode, "server_tls_ca_file = @/ca.crt");
        lab.reload("ALTER SYSTEM SET ssl = off");
        if (encrypted.isEmpty()) {
            assertThatThrownBy(() -> ssl(proxy)).hasMessageContaining("could not connect to the server")
                    .hasMessageContaining("the server has no TLS, which server_tls_sslmode = " + mode + " demands");
        } else {
            assertThat(ssl(proxy)).isEqualTo(encrypted);
        }
    }

    @ParameterizedTest
    @CsvSource({"prefer, f", "require, ''"})
    void aHandshakeThatFailsMeansNoTlsWhereThatIsAllowed(String mode, String encrypted) throws Exception {
        Proxy proxy = lab.proxy("passthrough", "server_tls_sslmode = " + mode, "server_tls_protocols = tlsv1.2");
        assertThat(ssl(proxy)).isEqualTo("t");
        lab.reload("ALTER SYSTEM SET ssl_min_protocol_version = 'TLSv1.3'");
        if (encrypted.isEmpty()) {
            assertThatThrownBy(() -> ssl(proxy)).hasMessageContaining("TLS handshake failed");
        } else {
            assertThat(ssl(proxy)).isEqualTo(encrypted);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"verify-ca", "verify-full"})
    void aCertificateOfSomebodyElsesAuthorityIsRefused(String mode) throws Exception {
        for (String authority : List.of("server_tls_ca_file = @/other-ca.crt", "")) {
            Proxy proxy = lab.proxy("passthrough", "server_tls_sslmode = " + mode, authority);
            assertThatThrownBy(() -> ssl(proxy)).hasMessageContaining("TLS handshake failed");
        }
    }

    @Test
    void aCertificateForAnotherHostServesForVerifyCaOnly() throws Exception {
        lab.certificates.server("elsewhere", "db.example", "127.0.0.9");
        lab.serverTls("elsewhere");
        assertThat(ssl(lab.proxy("passthrough", "server_tls_sslmode = verify-ca", "server_tls_ca_file = @/ca.crt"))).isEqualTo("t");
        Proxy full = lab.proxy("passthrough", "server_tls_sslmode = verify-full", "server_tls_ca_file = @/ca.crt");
        assertThatThrownBy(() -> ssl(full)).hasMessageContaining("TLS handshake failed").hasMessageContaining("127.0.0.1");
    }

    /** The name that is configured counts, not what it resolves to. */
    @Test
    void theHostIsCheckedAsItIsConfigured() throws Exception {
        lab.certificates.server("named", "localhost");
        lab.serverTls("named");
        String[] settings = {"server_tls_sslmode = verify-full", "server_tls_ca_file = @/ca.crt"};
        assertThat(ssl(lab.proxy(new HostPort("localhost", lab.server.port()), "passthrough", settings))).isEqualTo("t");
        Proxy byAddress = lab.proxy(new HostPort(EmbeddedPostgres.HOST, lab.server.port()), "passthrough", settings);
        assertThatThrownBy(() -> ssl(byAddress)).hasMessageContaining("TLS handshake failed");
    }

    @Test
    void ourCertificateIsShownToAServerThatAsks() throws Exception {
        var data = lab.directory.resolve("postgres").resolve("data");
        Files.copy(lab.directory.resolve("ca.crt"), data.resolve("clients.crt"), StandardCopyOption.REPLACE_EXISTING);
        data.resolve("clients.crt").toFile().setReadable(true, false);
        lab.reload("ALTER SYSTEM SET ssl_ca_file = 'clients.crt'");
        Proxy proxy = lab.proxy("passthrough", "server_tls_sslmode = require", "server_tls_key_file = @/client.key", "server_tls_cert_file = @/client.crt");
        try (Connection connection = lab.connect(proxy.port(), "postgres", "sslmode", "disable")) {
            assertThat(TlsLab.single(connection, "SELECT client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).contains("CN=salted");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"disable", "require"})
    void ourOwnLoginWorksEitherWay(String mode) throws Exception {
        Proxy proxy = lab.proxy("scram-sha-256", "server_tls_sslmode = " + mode);
        try (Connection connection = lab.connect(proxy.port(), "salted", "sslmode", "disable")) {
            assertThat(TlsLab.single(connection, SSL)).isEqualTo(mode.equals("require") ? "t" : "f");
        }
    }

    // Answers that did not come from the server.

    @Test
    void whatComesWithTheAnswerIsNotTakenForTheServers() throws Exception {
        try (var tap = new Tap(lab.server.port())) {
            Proxy proxy = lab.proxy(tap.address(), "passthrough");
            tap.inject((byte) 'N', (byte) 'R', (byte) 0, (byte) 0, (byte) 0, (byte) 8, (byte) 0, (byte) 0, (byte) 0, (byte) 0);
            assertThatThrownBy(() -> ssl(proxy)).hasMessageContaining("more than its answer to the request for TLS");
            tap.inject((byte) '?');
            assertThatThrownBy(() -> ssl(proxy)).hasMessageContaining("neither S nor N");
        }
    }

    // Cancelling.

    @ParameterizedTest
    @ValueSource(strings = {"require", "prefer"})
    void cancelRequestsAreEncryptedToo(String mode) throws Exception {
        try (var tap = new Tap(lab.server.port())) {
            Proxy proxy = lab.proxy(tap.address(), "passthrough", "server_tls_sslmode = " + mode);
            try (Connection connection = lab.connect(proxy.port(), "tlsonly", "sslmode", "disable"); Statement statement = connection.createStatement()) {
                var result = CompletableFuture.supplyAsync(() -> {
                    try {
                        return TlsLab.single(statement, "SELECT pg_sleep(20)");
                    } catch (SQLException e) {
                        return String.valueOf(e.getSQLState());
                    }
                });
                while (TlsLab.single(lab.direct(), "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(20)' AND state = 'active'").equals("0")) {
                    Thread.onSpinWait();
                }
                statement.cancel();
                assertThat(result.get()).isEqualTo("57014");
            }
            List<String> beginnings = tap.beginnings();
            assertThat(beginnings).hasSize(2).allSatisfy(bytes -> assertThat(bytes).startsWith(SSL_REQUEST + "16").doesNotContain(CANCEL_CODE));
        }
    }

    // One connection, many clients.

    /** With two event loops and one server connection, the connection moves from one to the other. */
    @Test
    void anIdleConnectionServesClientsOfOtherEventLoops() throws Exception {
        Proxy proxy = lab.proxy("trust", TlsLab.clients("prefer", "server_tls_sslmode = require", "pool_mode = transaction", "default_pool_size = 1"));
        List<Connection> clients = new ArrayList<>();
        try {
            for (int i = 0; i < 4; i++) {
                clients.add(lab.connect(proxy.port(), "postgres", "sslmode", i % 2 == 0 ? "require" : "disable"));
            }
            Set<String> backends = new HashSet<>();
            for (int round = 0; round < 50; round++) {
                for (Connection client : clients) {
                    try (Statement statement = client.createStatement()) {
                        backends.add(TlsLab.single(statement, "SELECT pg_backend_pid() FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl"));
                        assertThat(TlsLab.single(statement, "SELECT length(repeat('x', 100000))")).isEqualTo("100000");
                        assertThat(TlsLab.single(statement, "SELECT repeat('x', 100000)")).hasSize(100_000);
                    }
                }
            }
            assertThat(backends).hasSize(1);
        } finally {
            for (Connection client : clients) {
                client.close();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tlsv1.2", "tlsv1.3"})
    void aClientsEndOfInputReachesTheServerBehindItsQuery(String version) throws Exception {
        Proxy proxy = lab.proxy("passthrough", "server_tls_sslmode = require", "server_tls_protocols = " + version);
        try (var client = new RawClient(proxy.address())) {
            client.start("postgres", 0, Map.of());
            client.untilReady();
            client.send(new Query("SELECT pg_sleep(0.2), 7"));
            client.endOutput();
            assertThat(client.until("end")).contains("D |7", "C SELECT 1", "Z I").last().isEqualTo("end");
        }
    }

    // The server's own exchange with the client, passed through.

    @ParameterizedTest
    @CsvSource({"disable, disable", "disable, require", "require, disable"})
    void scramPassesThroughWhereOneSideHasNoTls(String clients, String servers) throws Exception {
        Proxy proxy = lab.proxy("passthrough", TlsLab.clients(clients, "server_tls_sslmode = " + servers));
        try (Connection connection = lab.connect(proxy.port(), "salted", "sslmode", clients)) {
            assertThat(TlsLab.single(connection, "SELECT session_user")).isEqualTo("salted");
        }
    }

    @Test
    void scramPassesThroughTwoTlsConnectionsThatEndAtTheSameCertificate() throws Exception {
        Proxy proxy = lab.proxy("passthrough", "client_tls_sslmode = require", "client_tls_key_file = @/server.key",
                "client_tls_cert_file = @/server.crt", "server_tls_sslmode = require");
        try (Connection connection = lab.connect(proxy.port(), "salted", "sslmode", "require", "channelBinding", "require")) {
            assertThat(TlsLab.single(connection, "SELECT session_user")).isEqualTo("salted");
        }
    }

    @Test
    void channelBindingIsNotOfferedBetweenTwoCertificates() throws Exception {
        Proxy proxy = lab.proxy("passthrough", TlsLab.clients("require", "server_tls_sslmode = require"));
        try (Connection connection = lab.connect(proxy.port(), "salted", "sslmode", "require", "channelBinding", "disable")) {
            assertThat(TlsLab.single(connection, "SELECT session_user")).isEqualTo("salted");
        }
        assertThatThrownBy(() -> lab.connect(proxy.port(), "salted", "sslmode", "require", "channelBinding", "require")).isInstanceOf(SQLException.class);
    }

    /** libpq ends a connection without TLS on which channel binding is offered. */
    @Test
    void theServersOfferIsWithheldFromAClientWithoutTls() throws Exception {
        Proxy proxy = lab.proxy("passthrough", "server_tls_sslmode = require");
        try (var client = new RawClient(proxy.address())) {
            RawTls.startup(client, "salted");
            assertThat(client.until("R")).containsExactly(SCRAM_WITHOUT_BINDING);
        }
    }

    @Test
    void aClientThatNoticesTheWithheldOfferIsToldWhy() throws Exception {
        Proxy proxy = lab.proxy("passthrough", TlsLab.clients("require", "server_tls_sslmode = require"));
        try (RawClient client = RawTls.overTls(proxy, false, "TLSv1.3")) {
            RawTls.startup(client, "salted");
            assertThat(client.until("R")).containsExactly(SCRAM_WITHOUT_BINDING);
            client.send(RawTls.firstMessage("y,,n=,r=abc"));
            assertThat(client.until("end")).containsExactly("E FATAL 28000 SCRAM authentication cannot be relayed between two TLS connections", "end");
        }
    }
}
