// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.tls;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** An authority of the tests and what it signs, as files. */
final class Certificates {

    private final Path directory;
    private final X509Bundle authority;

    Certificates(Path directory, String name) throws Exception {
        this.directory = directory;
        authority = new CertificateBuilder().ecp256().subject("CN=" + name).setIsCertificateAuthority(true).buildSelfSigned();
        Files.writeString(directory.resolve(name + ".crt"), authority.getCertificatePEM());
    }

    /** Writes name.crt and name.key, a certificate for a server at these names and addresses. */
    X509Bundle server(String name, String... hosts) throws Exception {
        var builder = new CertificateBuilder().rsa2048().subject("CN=" + name).addExtendedKeyUsageServerAuth();
        for (String host : hosts) {
            if (Character.isDigit(host.charAt(0))) {
                builder.addSanIpAddress(host);
            } else {
                builder.addSanDnsName(host);
            }
        }
        return write(name, builder.buildIssuedBy(authority));
    }

    /** Writes a certificate of a client with this subject. */
    X509Bundle client(String name, String subject) throws Exception {
        return write(name, new CertificateBuilder().ecp256().subject(subject).addExtendedKeyUsageClientAuth().buildIssuedBy(authority));
    }

    private X509Bundle write(String name, X509Bundle bundle) throws IOException {
        Files.writeString(directory.resolve(name + ".crt"), bundle.getCertificatePathPEM());
        Files.writeString(owners(name + ".key"), bundle.getPrivateKeyPEM());
        Files.write(owners(name + ".pk8"), bundle.getKeyPair().getPrivate().getEncoded()); // as pgjdbc wants it
        return bundle;
    }

    /** Clients and servers insist on keys that only their owner can read. */
    private Path owners(String file) throws IOException {
        Path path = directory.resolve(file);
        Files.deleteIfExists(path);
        return Files.createFile(path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }
}
