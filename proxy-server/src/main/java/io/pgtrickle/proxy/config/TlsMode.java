// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.util.Locale;

/** The values of client_tls_sslmode and server_tls_sslmode; ordered, each demands what the one before it does. */
public enum TlsMode {
    /** No TLS. */
    DISABLE,
    /** PgBouncer treats it as prefer, and so do we. */
    ALLOW,
    /** With TLS if the other side wants it too, else without. */
    PREFER,
    /** With TLS only. */
    REQUIRE,
    /** And the other side's certificate must come from an authority we trust. */
    VERIFY_CA,
    /** And a server's certificate must be for the host we meant; for clients the same as verify-ca. */
    VERIFY_FULL;

    /** As configuration files spell it. */
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    public boolean isRequired() {
        return compareTo(REQUIRE) >= 0;
    }

    public boolean verifiesCertificate() {
        return compareTo(VERIFY_CA) >= 0;
    }
}
