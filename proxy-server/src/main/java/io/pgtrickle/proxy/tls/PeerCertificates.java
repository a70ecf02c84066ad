// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.tls;

import com.ongres.scram.common.util.TlsServerEndpoint;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import io.pgtrickle.proxy.auth.TlsPeer;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.Optional;
import javax.naming.InvalidNameException;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.SSLPeerUnverifiedException;

/** What authentication may build on: who showed which certificate, and its hash (tls-server-end-point, RFC 5929). */
public final class PeerCertificates {

    private PeerCertificates() {}

    /** The hash of the certificate of a server we have connected to; empty without TLS. */
    public static Optional<byte[]> serverEndPoint(Channel channel) {
        return Optional.ofNullable(channel.pipeline().get(SslHandler.class)).flatMap(PeerCertificates::certificate).flatMap(PeerCertificates::endPoint);
    }

    /** A client; a certificate that it has shown has been verified, else there would be no connection. */
    static TlsPeer client(SslHandler tls, Optional<byte[]> ourEndPoint) {
        return new TlsPeer(certificate(tls).flatMap(PeerCertificates::commonName), ourEndPoint);
    }

    private static Optional<X509Certificate> certificate(SslHandler tls) {
        try {
            return tls.engine().getSession().getPeerCertificates()[0] instanceof X509Certificate leaf ? Optional.of(leaf) : Optional.empty();
        } catch (SSLPeerUnverifiedException none) {
            return Optional.empty();
        }
    }

    /** Empty if the certificate's signature has no hash function to take. */
    static Optional<byte[]> endPoint(X509Certificate certificate) {
        // The library would take SHA-256 for signatures without "with" in their name (Ed25519, RSASSA-PSS), which libpq does not.
        if (!certificate.getSigAlgName().contains("with")) {
            return Optional.empty();
        }
        try {
            byte[] hash = TlsServerEndpoint.getChannelBindingData(certificate);
            return hash.length == 0 ? Optional.empty() : Optional.of(hash);
        } catch (CertificateEncodingException e) {
            throw new IllegalStateException("a certificate that was decoded cannot be encoded", e);
        }
    }

    /** The first common name (CN) in the certificate's subject, as PostgreSQL and PgBouncer take it for the user's name. */
    static Optional<String> commonName(X509Certificate certificate) {
        try {
            // The list begins with the name's last part as it is written, which is the first one in the certificate.
            for (Rdn part : new LdapName(certificate.getSubjectX500Principal().getName()).getRdns()) {
                Attribute name = part.toAttributes().get("CN");
                if (name != null) {
                    return name.get() instanceof String text && text.indexOf('\0') < 0 ? Optional.of(text) : Optional.empty();
                }
            }
            return Optional.empty();
        } catch (InvalidNameException e) {
            return Optional.empty();
        } catch (NamingException e) {
            throw new IllegalStateException("an attribute without a value", e);
        }
    }
}
