// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import java.util.Base64;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PemFilesTest {

    private static byte[] pem(String type, byte[] der) {
        String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return ("Bag Attributes\n    some text\n-----BEGIN " + type + "-----\n" + base64 + "\n-----END " + type + "-----\n").getBytes(US_ASCII);
    }

    @ParameterizedTest
    @EnumSource(names = {"ecp256", "ecp384", "rsa2048", "rsa3072", "ed25519"})
    void aKeyInPkcs8IsReadAndBelongsToItsCertificate(Algorithm algorithm) throws Exception {
        X509Bundle bundle = new CertificateBuilder().algorithm(algorithm).subject("CN=x").setIsCertificateAuthority(true).buildSelfSigned();
        var key = PemFiles.privateKey(bundle.getPrivateKeyPEM().getBytes(US_ASCII));
        assertThat(key.getEncoded()).isEqualTo(bundle.getKeyPair().getPrivate().getEncoded());
        PemFiles.checkPair(key, bundle.getCertificate());
        X509Bundle other = new CertificateBuilder().algorithm(algorithm).subject("CN=x").setIsCertificateAuthority(true).buildSelfSigned();
        assertThatThrownBy(() -> PemFiles.checkPair(key, other.getCertificate())).hasMessage("is not the key of the certificate");
    }

    /** BEGIN RSA PRIVATE KEY, as openssl genrsa wrote it before version 3. */
    @ParameterizedTest
    @EnumSource(names = {"rsa2048", "rsa4096"})
    void aKeyInPkcs1IsRead(Algorithm algorithm) throws Exception {
        X509Bundle bundle = new CertificateBuilder().algorithm(algorithm).subject("CN=x").setIsCertificateAuthority(true).buildSelfSigned();
        byte[] encoded = bundle.getKeyPair().getPrivate().getEncoded();
        byte[] pkcs1 = PrivateKeyInfo.getInstance(encoded).parsePrivateKey().toASN1Primitive().getEncoded();
        assertThat(PemFiles.privateKey(pem("RSA PRIVATE KEY", pkcs1)).getEncoded()).isEqualTo(encoded);
    }

    /** BEGIN EC PRIVATE KEY, behind its parameters, as openssl ecparam -genkey writes it. */
    @ParameterizedTest
    @EnumSource(names = {"ecp256", "ecp384"})
    void aKeyInSec1IsRead(Algorithm algorithm) throws Exception {
        X509Bundle bundle = new CertificateBuilder().algorithm(algorithm).subject("CN=x").setIsCertificateAuthority(true).buildSelfSigned();
        PrivateKeyInfo info = PrivateKeyInfo.getInstance(bundle.getKeyPair().getPrivate().getEncoded());
        ECPrivateKey bare = ECPrivateKey.getInstance(info.parsePrivateKey());
        int bits = algorithm == Algorithm.ecp256 ? 256 : 384;
        byte[] sec1 = new ECPrivateKey(bits, bare.getKey(), info.getPrivateKeyAlgorithm().getParameters()).getEncoded();
        var key = PemFiles.privateKey(pem("EC PRIVATE KEY", sec1));
        PemFiles.checkPair(key, bundle.getCertificate());
    }
}
