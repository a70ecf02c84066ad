// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.handler.ssl.SslHandler;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import io.pgtrickle.proxy.config.ConfigException;
import io.pgtrickle.proxy.config.ConfigFile;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.tls.TlsContexts.Changes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** From the lines of a configuration file to what connections use, or to what is wrong with them. */
class TlsContextsTest {

    private static final String[] ALL = {
        "client_tls_sslmode = verify-full", "client_tls_key_file = @/one.key", "client_tls_cert_file = @/one.crt", "client_tls_ca_file = @/ca.crt",
        "server_tls_sslmode = verify-full", "server_tls_key_file = @/one.key", "server_tls_cert_file = @/one.crt", "server_tls_ca_file = @/ca.crt"};

    @TempDir
    private static Path directory;

    private static X509Bundle one;
    private static Certificates certificates;

    @BeforeAll
    static void makeCertificates() throws Exception {
        certificates = new Certificates(directory, "ca");
        one = certificates.server("one", "localhost");
        certificates.server("other", "localhost");
        certificates.client("curve", "CN=curve");
        Files.writeString(directory.resolve("empty.pem"), "");
        Files.writeString(directory.resolve("broken.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        Files.writeString(directory.resolve("broken.key"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        Files.writeString(directory.resolve("secret.key"), "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
        Files.writeString(directory.resolve("secret1.key"),
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n");
    }

    private static ProxyConfig.Tls settings(String... lines) throws IOException {
        Path file = Files.writeString(directory.resolve("proxy.ini"),
                "[pgbouncer]\nauth_type = passthrough\n" + String.join("\n", lines).replace("@", directory.toString()) + "\n");
        return ConfigFile.load(file).config().tls();
    }

    private static List<String> problems(String... lines) throws IOException {
        ProxyConfig.Tls settings = settings(lines);
        try {
            new TlsContexts(settings);
            return List.of();
        } catch (ConfigException e) {
            return e.problems().stream().map(problem -> problem.replace(directory.toString(), "@")).toList();
        }
    }

    @Test
    void whatIsCompleteHasNoProblems() throws IOException {
        assertThat(problems()).isEmpty();
        assertThat(problems(ALL)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "client_tls_key_file = @/absent | client_tls_key_file = @/absent: there is no such file",
        "client_tls_cert_file = @/absent | client_tls_cert_file = @/absent: there is no such file",
        "client_tls_ca_file = @ | client_tls_ca_file = @: cannot be read",
        "client_tls_key_file = @/other.key | client_tls_key_file = @/other.key: is not the key of the certificate",
        "client_tls_key_file = @/curve.key | client_tls_key_file = @/curve.key: is not the key of the certificate",
        "client_tls_key_file = @/one.crt | client_tls_key_file = @/one.crt: holds no private key in PEM format",
        "client_tls_key_file = @/broken.key | client_tls_key_file = @/broken.key: the private key is damaged or of a kind that Java does not know",
        "client_tls_key_file = @/secret.key | client_tls_key_file = @/secret.key: the private key is encrypted",
        "client_tls_key_file = @/secret1.key | client_tls_key_file = @/secret1.key: the private key is encrypted",
        "client_tls_cert_file = @/one.key | client_tls_cert_file = @/one.key: holds no certificate in PEM format",
        "client_tls_ca_file = @/empty.pem | client_tls_ca_file = @/empty.pem: holds no certificate in PEM format",
        "server_tls_ca_file = @/broken.pem | server_tls_ca_file = @/broken.pem: holds something that is not a certificate",
        "server_tls_cert_file = @/absent | server_tls_cert_file = @/absent: there is no such file",
        "client_tls_ciphers = RC4 | client_tls_ciphers = RC4: this Java has no such cipher suite",
        "client_tls13_ciphers = AES | client_tls13_ciphers = AES: there are TLS_AES_256_GCM_SHA384",
        "server_tls13_ciphers = TLS_AES_128_CCM_SHA256 | server_tls13_ciphers = TLS_AES_128_CCM_SHA256: there are TLS_AES_256_GCM_SHA384",
        "client_tls_ecdhcurve = brainpoolP256r1 | client_tls_ecdhcurve = brainpoolP256r1: \"brainpoolP256r1\" is none of",
        "server_tls_protocols = tlsv1.0, tlsv1.1 | server_tls_protocols names only versions of TLS that this Java does not speak"})
    void aProblemIsNamedWithItsSetting(String line, String problem) throws IOException {
        String[] lines = Arrays.copyOf(ALL, ALL.length + 1);
        lines[ALL.length] = line;
        assertThat(problems(lines)).singleElement().asString().contains(problem);
    }

    @Test
    void whatIsMissingIsNamed() throws IOException {
        assertThat(problems("client_tls_sslmode = allow")).containsExactly(
                "client_tls_sslmode = allow needs client_tls_key_file and client_tls_cert_file");
        assertThat(problems("client_tls_sslmode = verify-ca", "client_tls_key_file = @/one.key", "client_tls_cert_file = @/one.crt",
                        "server_tls_cert_file = @/one.crt"))
                .containsExactly("client_tls_sslmode = verify-ca needs client_tls_ca_file", "server_tls_key_file and server_tls_cert_file are of use together only");
    }

    @ParameterizedTest
    @ValueSource(strings = {"all", "legacy", "secure", "tlsv1.2", "TLSv1.3:tlsv1.2", "all:!tlsv1.3", "tlsv1.0, tlsv1.3", ""})
    void protocolsInPgBouncersSyntax(String protocols) throws IOException {
        assertThat(problems("server_tls_protocols = " + protocols)).isEmpty();
    }

    // Reading the files again.

    private static byte[] endPoint(TlsContexts contexts) {
        ClientTls clients = contexts.clients().orElseThrow();
        SslHandler handler = clients.newHandler(UnpooledByteBufAllocator.DEFAULT);
        return clients.peer(handler).endPoint().orElseThrow();
    }

    @Test
    void aNewCertificateInTheSameFileIsUsedAfterItWasReadAgain() throws Exception {
        for (String file : List.of("crt", "key")) {
            Files.copy(directory.resolve("one." + file), directory.resolve("mine." + file), StandardCopyOption.REPLACE_EXISTING);
        }
        ProxyConfig.Tls settings = settings("client_tls_sslmode = allow", "client_tls_key_file = @/mine.key", "client_tls_cert_file = @/mine.crt");
        var contexts = new TlsContexts(settings);
        assertThat(contexts.rebuild(settings)).isEqualTo(new Changes(false, false));
        ClientTls before = contexts.clients().orElseThrow();
        byte[] endPoint = endPoint(contexts);
        certificates.server("mine", "localhost");
        assertThat(contexts.rebuild(settings)).isEqualTo(new Changes(true, false));
        assertThat(endPoint(contexts)).isNotEqualTo(endPoint);
        assertThat(before.peer(before.newHandler(UnpooledByteBufAllocator.DEFAULT)).endPoint().orElseThrow()).isEqualTo(endPoint);
        assertThat(contexts.rebuild(settings("server_tls_sslmode = require"))).isEqualTo(new Changes(true, true));
        assertThat(contexts.clients()).isEmpty();
    }

    @Test
    void aFileThatCannotBeUsedChangesNothing() throws Exception {
        var contexts = new TlsContexts(settings(ALL));
        byte[] endPoint = endPoint(contexts);
        ProxyConfig.Tls wrong = settings("client_tls_sslmode = allow", "client_tls_key_file = @/other.key", "client_tls_cert_file = @/one.crt");
        assertThatThrownBy(() -> contexts.rebuild(wrong)).isInstanceOf(ConfigException.class);
        assertThat(endPoint(contexts)).isEqualTo(endPoint);
    }

    // What a certificate says.

    @Test
    void theFirstCommonNameIsTheUser() throws Exception {
        assertThat(commonName("CN=alice")).contains("alice");
        assertThat(commonName("O=Example\\, Inc., CN=al\\,ice")).contains("al,ice");
        assertThat(commonName("CN=second,CN=first")).contains("first");
        assertThat(commonName("CN=both+OU=here,O=x")).contains("both");
        assertThat(commonName("O=nobody")).isEmpty();
    }

    private static Optional<String> commonName(String subject) throws Exception {
        return PeerCertificates.commonName(certificates.client("named", subject).getCertificate());
    }

    @Test
    void theEndPointIsAHashOfTheCertificate() throws Exception {
        byte[] sha256 = MessageDigest.getInstance("SHA-256").digest(one.getCertificate().getEncoded());
        assertThat(PeerCertificates.endPoint(one.getCertificate()).orElseThrow()).isEqualTo(sha256);
        var edwards = new CertificateBuilder().algorithm(Algorithm.ed25519).subject("CN=x").setIsCertificateAuthority(true).buildSelfSigned();
        assertThat(PeerCertificates.endPoint(edwards.getCertificate())).isEmpty();
        var longer = new CertificateBuilder().algorithm(Algorithm.ecp384).subject("CN=x").setIsCertificateAuthority(true).buildSelfSigned();
        assertThat(PeerCertificates.endPoint(longer.getCertificate()).orElseThrow()).hasSize(48);
    }
}
