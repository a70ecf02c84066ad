// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.tls;

import static io.pgtrickle.proxy.tls.RawTls.bytes;
import static io.pgtrickle.proxy.tls.RawTls.firstMessage;
import static io.pgtrickle.proxy.tls.RawTls.handshake;
import static io.pgtrickle.proxy.tls.RawTls.overTls;
import static io.pgtrickle.proxy.tls.RawTls.socket;
import static io.pgtrickle.proxy.tls.RawTls.startup;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.proxy.conversation.RawClient;
import io.pgtrickle.proxy.tls.TlsLab.Proxy;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import io.pgtrickle.wire.frontend.StartupPacket;
import io.pgtrickle.wire.frontend.StartupPacket.CancelRequest;
import io.pgtrickle.wire.frontend.StartupPacket.GssEncRequest;
import io.pgtrickle.wire.frontend.StartupPacket.SslRequest;
import io.pgtrickle.wire.frontend.StartupPacket.StartupMessage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that want TLS, do not want it, or want something that only looks like it. */
class ClientTlsIT {

    private static TlsLab lab;
    private static Proxy disabled;
    private static Proxy optional;
    private static Proxy required;
    private static Proxy verifying;

    @BeforeAll
    static void start() throws Exception {
        lab = new TlsLab();
        disabled = lab.proxy("passthrough");
        optional = lab.proxy("passthrough", TlsLab.clients("prefer"));
        required = lab.proxy("passthrough", TlsLab.clients("require"));
        verifying = lab.proxy("passthrough", TlsLab.clients("verify-full"));
    }

    @AfterAll
    static void stop() throws IOException {
        lab.close();
    }

    private static Proxy named(String name) {
        return switch (name) {
            case "disable" -> disabled;
            case "prefer" -> optional;
            default -> required;
        };
    }

    @ParameterizedTest
    @CsvSource({
        "disable, disable, false", "disable, allow, false", "disable, prefer, false",
        "prefer, disable, false", "prefer, allow, false", "prefer, prefer, true", "prefer, require, true", "prefer, verify-ca, true", "prefer, verify-full, true",
        "require, allow, true", "require, prefer, true", "require, require, true", "require, verify-full, true"})
    void aDriverGetsWhatBothSidesWant(String ours, String theirs, boolean encrypted) throws SQLException {
        Proxy proxy = named(ours);
        proxy.peers().clear();
        try (Connection connection = lab.connect(proxy.port(), "postgres", "sslmode", theirs, "sslrootcert", "@/ca.crt")) {
            assertThat(TlsLab.single(connection, "SELECT 42")).isEqualTo("42");
            assertThat(proxy.hadTls()).isEqualTo(encrypted);
        }
    }

    @Test
    void aClientThatInsistsIsToldThatThereIsNoTls() {
        assertThatThrownBy(() -> lab.connect(disabled.port(), "postgres", "sslmode", "require")).hasMessageContaining("does not support SSL");
    }

    @Test
    void aClientWithoutTlsIsRefusedWhereItIsRequired() {
        assertThatThrownBy(() -> lab.connect(required.port(), "postgres", "sslmode", "disable"))
                .isInstanceOfSatisfying(SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28000"))
                .hasMessageContaining("SSL required");
    }

    @ParameterizedTest
    @ValueSource(strings = {"require", "verify-full"})
    void aDriverMayBeginWithTls(String mode) throws SQLException {
        optional.peers().clear();
        try (Connection connection = lab.connect(
                optional.port(), "postgres", "sslmode", mode, "sslnegotiation", "direct", "sslrootcert", "@/ca.crt")) {
            assertThat(TlsLab.single(connection, "SELECT 42")).isEqualTo("42");
            assertThat(optional.hadTls()).isTrue();
        }
    }

    @Test
    void whatTheClientsAuthorityDidNotSignIsNotOurs() throws Exception {
        assertThatThrownBy(() -> lab.connect(optional.port(), "postgres", "sslmode", "verify-ca", "sslrootcert", "@/other-ca.crt"))
                .isInstanceOf(SQLException.class);
    }

    // Client certificates.

    @Test
    void aClientsCertificateNamesIt() throws SQLException {
        verifying.peers().clear();
        try (Connection connection = lab.connect(
                verifying.port(), "postgres", "sslmode", "verify-full", "sslrootcert", "@/ca.crt", "sslcert", "@/client.crt", "sslkey", "@/client.pk8")) {
            assertThat(TlsLab.single(connection, "SELECT 42")).isEqualTo("42");
            assertThat(verifying.peer().commonName()).contains("salted");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "stranger"})
    void aClientWithoutACertificateOfOurAuthorityIsRefused(String name) {
        String[] certificate = name.isEmpty()
                ? new String[] {"sslmode", "require", "sslcert", "@/absent"}
                : new String[] {"sslmode", "require", "sslcert", "@/stranger.crt", "sslkey", "@/stranger.pk8"};
        assertThatThrownBy(() -> lab.connect(verifying.port(), "postgres", certificate)).isInstanceOf(SQLException.class);
        assertThatThrownBy(() -> lab.connect(verifying.port(), "postgres", "sslmode", "disable")).hasMessageContaining("SSL required");
    }

    @Test
    void certificatesAreNotAskedForWhereTheyCouldNotBeVerified() throws Exception {
        Proxy proxy = lab.proxy("passthrough", "client_tls_sslmode = require", "client_tls_key_file = @/proxy.key", "client_tls_cert_file = @/proxy.crt");
        try (Connection connection = lab.connect(
                proxy.port(), "postgres", "sslmode", "require", "sslcert", "@/stranger.crt", "sslkey", "@/stranger.pk8")) {
            assertThat(TlsLab.single(connection, "SELECT 42")).isEqualTo("42");
            assertThat(proxy.peer().commonName()).isEmpty();
        }
    }

    /** So lines of auth_hba_file can ask some clients for certificates. */
    @Test
    void certificatesThatAreNotRequiredAreVerifiedAllTheSame() throws SQLException {
        required.peers().clear();
        try (Connection connection = lab.connect(
                required.port(), "postgres", "sslmode", "require", "sslcert", "@/client.crt", "sslkey", "@/client.pk8")) {
            assertThat(TlsLab.single(connection, "SELECT 42")).isEqualTo("42");
            assertThat(required.peer().commonName()).contains("salted");
        }
        try (Connection connection = lab.connect(required.port(), "postgres", "sslmode", "require", "sslcert", "@/absent")) {
            assertThat(TlsLab.single(connection, "SELECT 42")).isEqualTo("42");
            assertThat(required.peer().commonName()).isEmpty();
        }
    }

    @Test
    void aCertificateCanBeAllAClientNeeds() throws Exception {
        Proxy proxy = lab.proxy("cert", TlsLab.clients("verify-full"));
        String[] certificate = {"sslmode", "require", "sslcert", "@/client.crt", "sslkey", "@/client.pk8"};
        try (Connection connection = lab.connect(proxy.port(), "salted", certificate)) {
            assertThat(TlsLab.single(connection, "SELECT session_user")).isEqualTo("salted");
        }
        assertThatThrownBy(() -> lab.connect(proxy.port(), "tlsonly", certificate)).isInstanceOf(SQLException.class);
    }

    // SCRAM bound to the connection.

    @Test
    void scramIsBoundToOurCertificate() throws Exception {
        Proxy proxy = lab.proxy("scram-sha-256", TlsLab.clients("require"));
        try (Connection connection = lab.connect(proxy.port(), "salted", "sslmode", "require", "channelBinding", "require")) {
            assertThat(TlsLab.single(connection, "SELECT session_user")).isEqualTo("salted");
        }
        Proxy plain = lab.proxy("scram-sha-256");
        assertThatThrownBy(() -> lab.connect(plain.port(), "salted", "channelBinding", "require")).hasMessageContaining("hannel");
    }

    /** What somebody between us and the client would have to do: keep the offer of channel binding from the client. */
    @Test
    void aClientThatWasNotShownOurOfferIsRefused() throws Exception {
        Proxy proxy = lab.proxy("scram-sha-256", TlsLab.clients("require"));
        try (RawClient client = overTls(proxy, true, "TLSv1.3")) {
            startup(client, "salted");
            assertThat(client.until("R")).containsExactly("R (38)");
            client.send(firstMessage("y,,n=,r=abc"));
            assertThat(client.until("end")).containsExactly("E FATAL 28000 SCRAM channel binding negotiation error", "end");
        }
    }

    // Byte for byte.

    private static RawClient raw(Proxy proxy) {
        return new RawClient(proxy.address());
    }

    @Test
    void gssapiEncryptionIsDeclinedAndTlsCanFollow() throws Exception {
        Socket socket = socket(required);
        socket.getOutputStream().write(bytes(new GssEncRequest()));
        assertThat(socket.getInputStream().read()).isEqualTo('N');
        socket.getOutputStream().write(bytes(new SslRequest()));
        assertThat(socket.getInputStream().read()).isEqualTo('S');
        try (var client = new RawClient(handshake(socket, "TLSv1.3"))) {
            startup(client, "postgres");
            assertThat(client.untilReady()).last().isEqualTo("Z I");
        }
    }

    @Test
    void eachKindOfEncryptionIsAskedForOnce() throws Exception {
        try (RawClient client = raw(disabled)) {
            for (StartupPacket request : List.of(new SslRequest(), new GssEncRequest())) {
                client.send(request);
                assertThat(client.readByte()).isEqualTo('N');
            }
            client.send(new SslRequest());
            assertThat(client.until("end")).containsExactly("E FATAL 0A000 unsupported frontend protocol 1234.5679: server supports 3.0 to 3.2", "end");
        }
        for (StartupPacket request : List.of(new SslRequest(), new GssEncRequest())) {
            try (RawClient client = overTls(optional, false, "TLSv1.3")) {
                client.send(request);
                assertThat(client.until("end")).first().asString().startsWith("E FATAL 0A000 unsupported frontend protocol 1234.56");
            }
        }
    }

    @Test
    void whatComesUnencryptedBehindTheRequestIsNotTakenForTheClients() {
        for (Proxy proxy : List.of(optional, required, disabled)) {
            for (StartupPacket request : List.of(new SslRequest(), new GssEncRequest())) {
                try (RawClient client = raw(proxy)) {
                    client.sendBytes(bytes(request, startup("postgres")));
                    assertThat(client.until("end")).hasSize(2).first().asString().startsWith("E FATAL 08P01 received unencrypted data after");
                }
            }
        }
    }

    /** The same in packets of their own, after our answer: no handshake begins like that. */
    @Test
    void whatComesUnencryptedInsteadOfTheHandshakeEndsTheConnection() {
        try (RawClient client = raw(optional)) {
            client.send(new SslRequest());
            assertThat(client.readByte()).isEqualTo('S');
            client.sendBytes(bytes(startup("postgres")));
            assertThat(client.readByte()).isNotEqualTo('R');
        }
    }

    @Test
    void whoBeginsWithTlsMustMeanPostgresql() throws Exception {
        try (var client = new RawClient(handshake(socket(optional), "TLSv1.3"))) {
            assertThat(endsWithoutAWord(client)).isTrue();
        }
        assertThatThrownBy(() -> handshake(socket(optional), "TLSv1.3", "http/1.1")).isInstanceOf(SSLException.class).hasMessageContaining("no_application_protocol");
        try (RawClient client = overTls(optional, true, "TLSv1.3")) {
            startup(client, "postgres");
            assertThat(client.untilReady()).last().isEqualTo("Z I");
        }
    }

    private static boolean endsWithoutAWord(RawClient client) {
        try {
            startup(client, "postgres");
            return client.frame().length == 0;
        } catch (UncheckedIOException e) {
            return true;
        }
    }

    @Test
    void whoBeginsWithTlsWhereThereIsNoneIsDisconnected() throws Exception {
        assertThatThrownBy(() -> handshake(socket(disabled), "TLSv1.3", "postgresql")).isInstanceOf(IOException.class);
    }

    @Test
    void cancelRequestsComeAsTheyLike() throws Exception {
        for (String way : List.of("plain", "request", "direct")) {
            try (RawClient client = overTls(required, false, "TLSv1.3")) {
                startup(client, "postgres");
                client.untilReady();
                client.send(new Query("SELECT pg_sleep(20)"));
                Instant start = Instant.now();
                while (TlsLab.single(lab.direct(), "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(20)' AND state = 'active'").equals("0")) {
                    Thread.onSpinWait();
                }
                try (RawClient other = way.equals("plain") ? raw(required) : overTls(required, way.equals("direct"), "TLSv1.2")) {
                    other.send(new CancelRequest(client.processId(), client.key()));
                    assertThat(client.untilReady()).as(way).contains("E ERROR 57014 canceling statement due to user request");
                }
                assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(15));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aFatalErrorArrivesBeforeTheConnectionEnds(String version) throws Exception {
        try (RawClient client = overTls(optional, true, version)) {
            client.send(new StartupMessage(4, 0, new LinkedHashMap<>(), StandardCharsets.UTF_8));
            assertThat(client.until("end")).containsExactly("E FATAL 0A000 unsupported frontend protocol 4.0: server supports 3.0 to 3.2", "end");
        }
    }

    /** Without it a client must believe that somebody has cut the connection. Java does not mind, so we look at the bytes. */
    @Test
    void theEndIsAnnouncedByCloseNotify() throws Exception {
        try (var tap = new Tap(optional.port());
                SSLSocket tls = handshake(new Socket("127.0.0.1", tap.address().port()), "TLSv1.2", "postgresql")) {
            tls.getOutputStream().write(bytes(new StartupMessage(4, 0, new LinkedHashMap<>(), StandardCharsets.UTF_8)));
            assertThat(tls.getInputStream().readAllBytes()).isNotEmpty();
            while (tap.lastAnswer().length == 0) {
                Thread.onSpinWait();
            }
            byte[] bytes = tap.lastAnswer();
            int alertWithItsTag = 5 + 8 + 2 + 16;
            assertThat(Arrays.copyOfRange(bytes, bytes.length - alertWithItsTag, bytes.length)).startsWith(0x15, 0x03, 0x03, 0x00, 0x1a);
        }
    }

    /** The client's close_notify ends its input, as the end of a stream does without TLS. */
    @Test
    void whatWasSentBeforeTheEndOfInputIsAnswered() throws Exception {
        try (RawClient client = overTls(optional, false, "TLSv1.3")) {
            startup(client, "postgres");
            client.untilReady();
            client.send(new Query("SELECT pg_sleep(0.2), 7"));
            client.endOutput();
            assertThat(client.until("end")).contains("D |7", "C SELECT 1", "Z I").last().isEqualTo("end");
        }
    }

    /** Before TLS 1.3 there is no answer any more (RFC 5246, 7.2.1). */
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void whatWasSentBeforeTheEndOfInputIsDone(String version) throws Exception {
        String table = "done_" + version.replace('.', '_');
        try (RawClient client = overTls(optional, false, version)) {
            startup(client, "postgres");
            client.untilReady();
            client.send(new Query("SELECT pg_sleep(0.2); CREATE TABLE " + table + " ()"));
            client.endOutput();
            client.until("end");
        }
        try (Connection connection = lab.direct()) {
            while (TlsLab.single(connection, "SELECT to_regclass('" + table + "')") == null) {
                Thread.onSpinWait(); // the build's own time limit ends it
            }
        }
    }

    @Test
    void protocolVersionsAreAsConfigured() throws Exception {
        Proxy modern = lab.proxy("passthrough", TlsLab.clients("require", "client_tls_protocols = tlsv1.3"));
        overTls(modern, true, "TLSv1.3").close();
        assertThatThrownBy(() -> overTls(modern, true, "TLSv1.2")).isInstanceOf(SSLException.class).hasMessageContaining("protocol_version");
        Proxy old = lab.proxy("passthrough", TlsLab.clients("require", "client_tls_protocols = tlsv1.2",
                "client_tls_ciphers = ECDHE+AES256:!SHA1", "client_tls_ecdhcurve = secp384r1"));
        Socket socket = socket(old);
        try (SSLSocket tls = handshake(socket, "TLSv1.2", "postgresql")) {
            assertThat(tls.getSession().getCipherSuite()).isEqualTo("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
        }
        assertThatThrownBy(() -> overTls(old, true, "TLSv1.3")).isInstanceOf(SSLException.class);
    }

    @Test
    void aClientCannotNegotiateAgain() throws Exception {
        Socket socket = socket(optional);
        try (SSLSocket tls = handshake(socket, "TLSv1.2", "postgresql")) {
            assertThatThrownBy(() -> {
                tls.startHandshake();
                tls.getInputStream().read();
            }).isInstanceOf(IOException.class).isNotInstanceOf(SocketTimeoutException.class);
        }
    }

    @Test
    void aLargeRowDoesNotCrawl() throws SQLException {
        int size = 40 << 20;
        try (Connection connection = lab.connect(optional.port(), "postgres", "sslmode", "require", "options", "-c work_mem=64MB");
                Statement statement = connection.createStatement()) {
            for (int round = 0; round < 3; round++) {
                Instant start = Instant.now();
                try (ResultSet rows = statement.executeQuery("SELECT repeat('0123456789abcdef', " + size / 16 + ")")) {
                    rows.next();
                    assertThat(rows.getString(1)).hasSize(size);
                }
                Duration taken = Duration.between(start, Instant.now());
                assertThat(taken).isLessThan(Duration.ofSeconds(10));
            }
        }
    }
}
