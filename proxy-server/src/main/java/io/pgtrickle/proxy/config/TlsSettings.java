// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.util.List;

/**
 * TLS towards clients or towards servers, as configured; a file that is not configured is an empty name. Made into what connections use,
 * and checked as far as that needs files, by {@code proxy.tls}.
 *
 * @param prefix of the settings' names, for messages: client_tls or server_tls
 * @param protocols Java's names
 * @param ciphers OpenSSL's syntax or a shortcut
 * @param tls13Ciphers separated by colons or commas; empty for all there are
 * @param curve OpenSSL's name, auto or none
 * @param dhe none, auto or legacy
 */
public record TlsSettings(
        String prefix,
        TlsMode mode,
        String keyFile,
        String certFile,
        String caFile,
        List<String> protocols,
        String ciphers,
        String tls13Ciphers,
        String curve,
        String dhe) {

    public TlsSettings {
        protocols = List.copyOf(protocols);
    }
}
