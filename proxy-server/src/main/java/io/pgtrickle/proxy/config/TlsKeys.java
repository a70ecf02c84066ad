// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;

/** The part of {@link ProxySettings} about TLS: PgBouncer's names, values and defaults. */
final class TlsKeys {

    private static final String CLIENTS = "client_tls";
    private static final String SERVERS = "server_tls";

    static final Setting<TlsMode> CLIENT_MODE = mode(CLIENTS, "disable",
            "TLS with clients. `disable`: requests for TLS are declined. `allow`, `prefer`: clients may use it. `require`: clients without it are "
                    + "refused (cancel requests are not: libpq sends them without). `verify-ca`, `verify-full`: clients must also show a certificate "
                    + "of an authority in client_tls_ca_file. All but `disable` need client_tls_key_file and client_tls_cert_file.");
    static final Setting<String> CLIENT_KEY = file(CLIENTS, "key", "Our private key towards clients: PEM, not encrypted.");
    static final Setting<String> CLIENT_CERT = file(CLIENTS, "cert", "The certificate for it, followed by intermediate ones: PEM.");
    static final Setting<String> CLIENT_CA = file(CLIENTS, "ca", "The authorities whose client certificates are accepted: PEM. With it clients are asked for a certificate in every mode with TLS; "
                    + "one that does not verify is refused, `allow` to `require` do without one.");
    static final Setting<List<String>> CLIENT_PROTOCOLS = protocols(CLIENTS);
    static final Setting<String> CLIENT_CIPHERS = ciphers(CLIENTS);
    static final Setting<String> CLIENT_TLS13_CIPHERS = tls13Ciphers(CLIENTS);
    static final Setting<String> CLIENT_CURVE = new Setting<>(CLIENTS + "_ecdhcurve", ValueType.text(), "auto",
            "Curve of the key exchange, or several, e.g. `prime256v1`; `auto`: all there are; `none`: no ECDHE before TLS 1.3.");
    static final Setting<String> CLIENT_DHE = new Setting<>(CLIENTS + "_dheparams",
            ValueType.oneOf(List.of("auto", "none", "legacy"), word -> word), "auto",
            "`none`: no DHE key exchange before TLS 1.3; otherwise Java chooses the group, so `legacy` is no weaker than `auto`.");

    static final Setting<TlsMode> SERVER_MODE = mode(SERVERS, "prefer",
            "TLS with servers. `disable`: it is not asked for. `allow`, `prefer`: with TLS if the server offers it and the handshake succeeds, "
                    + "else without; nothing is verified. `require`: with TLS only; nothing is verified. `verify-ca`: the server's certificate must "
                    + "come from an authority in server_tls_ca_file. `verify-full`: and name the host as it is configured. Cancel requests "
                    + "go the same way.");
    static final Setting<String> SERVER_KEY = file(SERVERS, "key", "Our private key towards servers that ask for a certificate: PEM, not encrypted.");
    static final Setting<String> SERVER_CERT = file(SERVERS, "cert", "The certificate for it: PEM.");
    static final Setting<String> SERVER_CA = file(SERVERS, "ca",
            "The authorities whose server certificates are accepted: PEM. Without it `verify-ca` and `verify-full` accept those Java trusts.");
    static final Setting<List<String>> SERVER_PROTOCOLS = protocols(SERVERS);
    static final Setting<String> SERVER_CIPHERS = ciphers(SERVERS);
    static final Setting<String> SERVER_TLS13_CIPHERS = tls13Ciphers(SERVERS);

    static final List<Setting<?>> ALL = List.of(
            CLIENT_MODE, CLIENT_KEY, CLIENT_CERT, CLIENT_CA, CLIENT_PROTOCOLS, CLIENT_CIPHERS, CLIENT_TLS13_CIPHERS, CLIENT_CURVE, CLIENT_DHE,
            SERVER_MODE, SERVER_KEY, SERVER_CERT, SERVER_CA, SERVER_PROTOCOLS, SERVER_CIPHERS, SERVER_TLS13_CIPHERS);

    private TlsKeys() {}

    static ProxyConfig.Tls tls(SettingValues values) {
        var clients = new TlsSettings(CLIENTS, values.get(CLIENT_MODE), values.get(CLIENT_KEY), values.get(CLIENT_CERT), values.get(CLIENT_CA),
                values.get(CLIENT_PROTOCOLS), values.get(CLIENT_CIPHERS), values.get(CLIENT_TLS13_CIPHERS), values.get(CLIENT_CURVE), values.get(CLIENT_DHE));
        var servers = new TlsSettings(SERVERS, values.get(SERVER_MODE), values.get(SERVER_KEY), values.get(SERVER_CERT), values.get(SERVER_CA),
                values.get(SERVER_PROTOCOLS), values.get(SERVER_CIPHERS), values.get(SERVER_TLS13_CIPHERS), "auto", "auto");
        return new ProxyConfig.Tls(clients, servers);
    }

    private static Setting<TlsMode> mode(String prefix, String defaultText, String description) {
        return new Setting<>(prefix + "_sslmode", ValueType.oneOf(List.of(TlsMode.values()), TlsMode::text), defaultText, description);
    }

    private static Setting<String> file(String prefix, String which, String description) {
        return new Setting<>(prefix + "_" + which + "_file", ValueType.text(), "", description);
    }

    private static Setting<List<String>> protocols(String prefix) {
        var type = new ValueType<>("list", "tlsv1.0, tlsv1.1, tlsv1.2, tlsv1.3, secure, all, legacy", TlsKeys::protocolNames);
        return new Setting<>(prefix + "_protocols", type, "secure",
                "Versions of TLS; `!` before a name takes it away again. `secure`: 1.2 and 1.3. `all`, `legacy`: all that Java speaks, the same two.");
    }

    private static Setting<String> ciphers(String prefix) {
        return new Setting<>(prefix + "_ciphers", ValueType.text(), "default",
                "Cipher suites before TLS 1.3, in OpenSSL's syntax (`HIGH:!SHA1`); `default`, `secure`, `fast`, `normal`: Java's choice; `all`.");
    }

    private static Setting<String> tls13Ciphers(String prefix) {
        return new Setting<>(prefix + "13_ciphers", ValueType.text(), "", "Cipher suites of TLS 1.3; all that Java has when empty.");
    }

    /** Separated by commas or colons, in any letter case. */
    private static List<String> protocolNames(String text) {
        if (text.isBlank()) {
            return named("default");
        }
        var names = new LinkedHashSet<String>();
        for (String item : text.toLowerCase(Locale.ROOT).split("[,:]")) {
            String word = item.strip();
            if (word.isEmpty()) {
                continue;
            }
            boolean taken = word.startsWith("!");
            List<String> meant = named(taken ? word.substring(1) : word);
            if (taken) {
                meant.forEach(names::remove);
            } else {
                names.addAll(meant);
            }
        }
        if (names.isEmpty()) {
            throw new IllegalArgumentException("names no version of TLS");
        }
        return List.copyOf(names);
    }

    private static List<String> named(String word) {
        return switch (word) {
            case "tlsv1.0" -> List.of("TLSv1");
            case "tlsv1.1" -> List.of("TLSv1.1");
            case "tlsv1.2" -> List.of("TLSv1.2");
            case "tlsv1.3" -> List.of("TLSv1.3");
            case "secure", "default" -> List.of("TLSv1.3", "TLSv1.2");
            case "all", "legacy", "tlsv1" -> List.of("TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1");
            default -> throw new IllegalArgumentException(
                    "\"" + word + "\" is none of tlsv1.0, tlsv1.1, tlsv1.2, tlsv1.3, secure, all, legacy");
        };
    }
}
