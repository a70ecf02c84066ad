// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.tls;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads certificates and private keys as openssl writes them; every exception's message says what is wrong with the file. */
final class PemFiles {

    private static final Pattern BLOCK = Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----", Pattern.DOTALL);
    private static final List<String> ALGORITHMS = List.of("RSA", "EC", "EdDSA", "RSASSA-PSS", "DSA");

    /** AlgorithmIdentifier of rsaEncryption (PKCS #1). */
    private static final byte[] RSA = HexFormat.of().parseHex("300d06092a864886f70d0101010500");
    /** The object identifier id-ecPublicKey (RFC 5480). */
    private static final byte[] EC_PUBLIC_KEY = HexFormat.of().parseHex("06072a8648ce3d0201");
    private static final byte[] VERSION_0 = {2, 1, 0};

    private PemFiles() {}

    static byte[] read(String file) {
        try {
            return Files.readAllBytes(Path.of(file));
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException("there is no such file", e);
        } catch (IOException e) {
            throw new IllegalArgumentException("cannot be read: " + e, e);
        }
    }

    static List<X509Certificate> certificates(byte[] pem) {
        try {
            var factory = CertificateFactory.getInstance("X.509");
            // The factory takes no text around the blocks, openssl writes some.
            var blocks = new StringBuilder();
            for (Matcher each = BLOCK.matcher(new String(pem, ISO_8859_1)); each.find(); ) {
                if (each.group(1).endsWith("CERTIFICATE")) {
                    blocks.append("-----BEGIN CERTIFICATE-----").append(each.group(2)).append("-----END CERTIFICATE-----\n");
                }
            }
            List<X509Certificate> certificates = factory.generateCertificates(new ByteArrayInputStream(blocks.toString().getBytes(ISO_8859_1))).stream()
                    .map(X509Certificate.class::cast)
                    .toList();
            if (certificates.isEmpty()) {
                throw new IllegalArgumentException("holds no certificate in PEM format");
            }
            return certificates;
        } catch (CertificateException e) {
            throw new IllegalArgumentException("holds something that is not a certificate: " + e.getMessage(), e);
        }
    }

    static PrivateKey privateKey(byte[] pem) {
        for (Matcher each = BLOCK.matcher(new String(pem, ISO_8859_1)); each.find(); ) {
            String type = each.group(1);
            if (type.startsWith("ENCRYPTED") || each.group(2).contains("Proc-Type: 4,ENCRYPTED")) {
                throw new IllegalArgumentException("the private key is encrypted, and there is nobody to ask for the pass phrase");
            }
            switch (type) {
                case "PRIVATE KEY" -> {
                    return pkcs8(decoded(each.group(2)));
                }
                case "RSA PRIVATE KEY" -> {
                    return pkcs8(sequence(VERSION_0, RSA, tagged(0x04, decoded(each.group(2)))));
                }
                case "EC PRIVATE KEY" -> {
                    byte[] key = decoded(each.group(2));
                    return pkcs8(sequence(VERSION_0, sequence(EC_PUBLIC_KEY, curve(key)), tagged(0x04, key)));
                }
                default -> {} // certificates and EC PARAMETERS may come before it
            }
        }
        throw new IllegalArgumentException("holds no private key in PEM format");
    }

    private static byte[] decoded(String base64) {
        try {
            return Base64.getMimeDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the private key is damaged", e);
        }
    }

    private static PrivateKey pkcs8(byte[] encoded) {
        for (String algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
            } catch (InvalidKeySpecException e) {
                // the next one
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("this Java has no " + algorithm, e);
            }
        }
        throw new IllegalArgumentException("the private key is damaged or of a kind that Java does not know");
    }

    /** ECPrivateKey (RFC 5915): {@code SEQUENCE { version, OCTET STRING key, [0] curve, … }}. */
    private static byte[] curve(byte[] key) {
        try {
            int at = content(key, 0); // into the sequence
            at = content(key, at) + length(key, at); // past the version
            at = content(key, at) + length(key, at); // past the key
            if (key[at] == (byte) 0xa0) {
                int start = content(key, at);
                return Arrays.copyOfRange(key, start, start + length(key, at));
            }
        } catch (ArrayIndexOutOfBoundsException e) {
            // same message
        }
        throw new IllegalArgumentException("the private key does not name its curve");
    }

    private static int content(byte[] der, int at) {
        int first = der[at + 1] & 0xff;
        return at + 2 + (first < 0x80 ? 0 : first & 0x7f);
    }

    private static int length(byte[] der, int at) {
        int first = der[at + 1] & 0xff;
        int length = first < 0x80 ? first : 0;
        for (int i = at + 2; i < content(der, at); i++) {
            length = length << 8 | der[i] & 0xff;
        }
        return length;
    }

    private static byte[] sequence(byte[]... parts) {
        var all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return tagged(0x30, all.toByteArray());
    }

    private static byte[] tagged(int tag, byte[] content) {
        var out = new ByteArrayOutputStream();
        out.write(tag);
        if (content.length < 0x80) {
            out.write(content.length);
        } else {
            out.write(0x82);
            out.write(content.length >> 8);
            out.write(content.length);
        }
        out.writeBytes(content);
        return out.toByteArray();
    }

    /** @throws IllegalArgumentException unless the key signs what the certificate's key verifies */
    static void checkPair(PrivateKey key, X509Certificate certificate) {
        try {
            String algorithm = switch (key.getAlgorithm()) {
                case "EC" -> "SHA256withECDSA";
                case "EdDSA", "Ed25519", "Ed448" -> "EdDSA";
                case "RSASSA-PSS" -> "RSASSA-PSS";
                default -> "SHA256with" + key.getAlgorithm();
            };
            if (algorithm.equals("RSASSA-PSS")) {
                return; // has parameters of its own; the first handshake will tell
            }
            var signer = Signature.getInstance(algorithm);
            signer.initSign(key);
            signer.update(RSA);
            byte[] signature = signer.sign();
            signer.initVerify(certificate.getPublicKey());
            signer.update(RSA);
            if (signer.verify(signature)) {
                return;
            }
        } catch (GeneralSecurityException e) {
            // same message
        }
        throw new IllegalArgumentException("is not the key of the certificate");
    }
}
