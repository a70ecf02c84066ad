// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.tls;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.pgtrickle.proxy.config.TlsMode;
import io.pgtrickle.proxy.config.TlsSettings;
import java.nio.ByteBuffer;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;

/** Makes one side's context from its settings; what is wrong with them is collected, so that it can be told all at once. */
final class ContextFactory {

    /** The name PostgreSQL's protocol has in ALPN. */
    static final String PROTOCOL = "postgresql";

    private static final List<String> TLS13_CIPHERS = List.of("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
            "TLS_AES_128_GCM_SHA256", "TLS_AES_128_CCM_8_SHA256", "TLS_AES_128_CCM_SHA256");
    /** OpenSSL's names of curves, and Java's. */
    private static final Map<String, String> CURVES = Map.ofEntries(
            Map.entry("prime256v1", "secp256r1"), Map.entry("p-256", "secp256r1"), Map.entry("secp256r1", "secp256r1"),
            Map.entry("secp384r1", "secp384r1"), Map.entry("p-384", "secp384r1"),
            Map.entry("secp521r1", "secp521r1"), Map.entry("p-521", "secp521r1"),
            Map.entry("x25519", "x25519"), Map.entry("x448", "x448"));
    private static final String ENDPOINT_IDENTIFICATION = "HTTPS";

    private final TlsSettings settings;
    private final List<String> problems;
    private final List<ByteBuffer> contents = new ArrayList<>();

    ContextFactory(TlsSettings settings, List<String> problems) {
        this.settings = settings;
        this.problems = problems;
    }

    /** What the context was made from; equal if nothing has changed. */
    record Fingerprint(TlsSettings settings, List<ByteBuffer> files) {

        Fingerprint {
            files = List.copyOf(files);
        }
    }

    Fingerprint fingerprint() {
        return new Fingerprint(settings, contents);
    }

    Optional<ClientTls> forClients() {
        if (settings.mode() == TlsMode.DISABLE) {
            return Optional.empty();
        }
        List<X509Certificate> chain = certificates("_cert_file", settings.certFile());
        Optional<PrivateKey> key = key(chain);
        List<X509Certificate> authorities = certificates("_ca_file", settings.caFile());
        if (key.isEmpty() && settings.keyFile().isEmpty() || settings.certFile().isEmpty()) {
            problem("_sslmode = " + settings.mode().text() + " needs " + settings.prefix() + "_key_file and " + settings.prefix() + "_cert_file");
        }
        if (settings.mode().verifiesCertificate() && settings.caFile().isEmpty()) {
            problem("_sslmode = " + settings.mode().text() + " needs " + settings.prefix() + "_ca_file");
        }
        Optional<String[]> curves = curves();
        List<String> suites = suites();
        if (key.isEmpty() || chain.isEmpty() || !problems.isEmpty()) {
            return Optional.empty();
        }
        var builder = SslContextBuilder.forServer(key.get(), chain)
                .clientAuth(settings.mode().verifiesCertificate() ? ClientAuth.REQUIRE : authorities.isEmpty() ? ClientAuth.NONE : ClientAuth.OPTIONAL);
        if (!authorities.isEmpty()) {
            builder.trustManager(authorities);
        }
        return built(builder, suites).map(context -> new ClientTls(settings.mode(), context, curves, PeerCertificates.endPoint(chain.getFirst())));
    }

    ServerTls forServers() {
        if (settings.mode() == TlsMode.DISABLE) {
            return new ServerTls(TlsMode.DISABLE, Optional.empty());
        }
        List<X509Certificate> chain = certificates("_cert_file", settings.certFile());
        Optional<PrivateKey> key = key(chain);
        List<X509Certificate> authorities = certificates("_ca_file", settings.caFile());
        if (settings.keyFile().isEmpty() != settings.certFile().isEmpty()) {
            problem("_key_file and " + settings.prefix() + "_cert_file are of use together only");
        }
        List<String> suites = suites();
        var builder = SslContextBuilder.forClient()
                .endpointIdentificationAlgorithm(settings.mode() == TlsMode.VERIFY_FULL ? ENDPOINT_IDENTIFICATION : "");
        key.ifPresent(ours -> builder.keyManager(ours, chain));
        if (!settings.mode().verifiesCertificate()) {
            builder.trustManager(InsecureTrustManagerFactory.INSTANCE);
        } else if (!authorities.isEmpty()) {
            builder.trustManager(authorities);
        }
        return new ServerTls(settings.mode(), problems.isEmpty() ? built(builder, suites) : Optional.empty());
    }

    private Optional<SslContext> built(SslContextBuilder builder, List<String> suites) {
        try {
            return Optional.of(builder
                    .sslProvider(SslProvider.JDK)
                    .protocols(protocols())
                    .ciphers(suites, SupportedCipherSuiteFilter.INSTANCE)
                    .applicationProtocolConfig(new ApplicationProtocolConfig(
                            ApplicationProtocolConfig.Protocol.ALPN,
                            ApplicationProtocolConfig.SelectorFailureBehavior.FATAL_ALERT,
                            ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                            PROTOCOL))
                    .build());
        } catch (SSLException | IllegalArgumentException e) {
            problem(": " + e.getMessage());
            return Optional.empty();
        }
    }

    private Optional<PrivateKey> key(List<X509Certificate> chain) {
        return file("_key_file", settings.keyFile(), content -> {
            PrivateKey key = PemFiles.privateKey(content);
            if (!chain.isEmpty()) {
                PemFiles.checkPair(key, chain.getFirst());
            }
            return key;
        });
    }

    private List<X509Certificate> certificates(String setting, String name) {
        return file(setting, name, PemFiles::certificates).orElseGet(List::of);
    }

    private <T> Optional<T> file(String setting, String name, Function<byte[], T> reading) {
        if (name.isEmpty()) {
            return Optional.empty();
        }
        try {
            byte[] content = PemFiles.read(name);
            contents.add(ByteBuffer.wrap(content));
            return Optional.of(reading.apply(content));
        } catch (IllegalArgumentException e) {
            problem(setting + " = " + name + ": " + e.getMessage());
            return Optional.empty();
        }
    }

    private void problem(String text) {
        problems.add(settings.prefix() + text);
    }

    /** Those of the settings that Java has switched on; it no longer speaks 1.0 and 1.1. */
    private List<String> protocols() {
        List<String> known = List.of(java().getDefaultSSLParameters().getProtocols());
        List<String> spoken = settings.protocols().stream().filter(known::contains).toList();
        if (spoken.isEmpty()) {
            throw new IllegalArgumentException(settings.prefix() + "_protocols names only versions of TLS that this Java does not speak any more; it speaks "
                    + String.join(", ", known));
        }
        return spoken;
    }

    private List<String> suites() {
        SSLContext java = java();
        List<String> usual = before13(java.getDefaultSSLParameters());
        List<String> chosen = CipherString.select(settings.ciphers(), usual, before13(java.getSupportedSSLParameters())).stream()
                .filter(suite -> !(settings.dhe().equals("none") && suite.startsWith("TLS_DHE_")))
                .filter(suite -> !(settings.curve().equals("none") && suite.startsWith("TLS_ECDHE_")))
                .toList();
        if (chosen.isEmpty()) {
            problem("_ciphers = " + settings.ciphers() + ": this Java has no such cipher suite");
        }
        return Stream.concat(suites13(java).stream(), chosen.stream()).toList();
    }

    private List<String> suites13(SSLContext java) {
        List<String> all = Arrays.stream(java.getDefaultSSLParameters().getCipherSuites()).filter(TLS13_CIPHERS::contains).toList();
        if (settings.tls13Ciphers().isBlank()) {
            return all;
        }
        List<String> named = List.of(settings.tls13Ciphers().strip().split("[:, ]+"));
        List<String> chosen = named.stream().filter(all::contains).toList();
        if (chosen.isEmpty() || !TLS13_CIPHERS.containsAll(named)) {
            problem("13_ciphers = " + settings.tls13Ciphers() + ": there are " + String.join(", ", all));
        }
        return chosen;
    }

    private static List<String> before13(SSLParameters parameters) {
        return Arrays.stream(parameters.getCipherSuites()).filter(suite -> suite.contains("_WITH_")).toList();
    }

    private Optional<String[]> curves() {
        if (List.of("auto", "none", "").contains(settings.curve())) {
            return Optional.empty();
        }
        var curves = new ArrayList<String>();
        for (String name : settings.curve().strip().split("[:, ]+")) {
            String curve = CURVES.get(name.toLowerCase(Locale.ROOT));
            if (curve == null) {
                problem("_ecdhcurve = " + settings.curve() + ": \"" + name + "\" is none of prime256v1, secp384r1, secp521r1, X25519, X448");
            } else {
                curves.add(curve);
            }
        }
        return Optional.of(curves.toArray(String[]::new));
    }

    private static SSLContext java() {
        try {
            return SSLContext.getDefault();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java has no TLS", e);
        }
    }
}
