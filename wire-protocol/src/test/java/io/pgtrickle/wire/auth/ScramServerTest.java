// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Base64;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScramServerTest {

    /** The example of RFC 7677, section 3. */
    private static final String SERVER_NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    private static final String NONCES = "rOprNGfwEbeRWgbNEkqO" + SERVER_NONCE;
    private static final String CLIENT_FIRST = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    private static final String PROOF = ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    private static final ScramSecret PENCIL = ScramSecret.of("pencil", Base64.getDecoder().decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
    private static final byte[] CERTIFICATE = "hash of our certificate".getBytes(UTF_8);

    private final ScramServer server = new ScramServer(PENCIL, Optional.empty(), SERVER_NONCE);

    @Test
    void theExampleOfTheRfcSucceeds() throws Exception {
        assertThat(server.first(response(CLIENT_FIRST))).asString(UTF_8)
                .isEqualTo("r=" + NONCES + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
        var success = server.finish(("c=biws,r=" + NONCES + PROOF).getBytes(UTF_8)).orElseThrow();
        assertThat(success.serverFinal()).asString(UTF_8).isEqualTo("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        assertThat(success.keys().clientKey()).isEqualTo(ScramKeys.of("pencil", PENCIL.salt(), 4096).clientKey());
    }

    @Test
    void aWrongProofIsRefusedWithoutAnException() throws Exception {
        server.first(response(CLIENT_FIRST));
        String wrong = PROOF.replace("dHzb", "dHzc");
        assertThat(server.finish(("c=biws,r=" + NONCES + wrong).getBytes(UTF_8))).isEmpty();
    }

    @Test
    void aReplayedAnswerHasAnotherNonceAndIsRefused() throws Exception {
        var other = new ScramServer(PENCIL, Optional.empty(), "anotherServerNonce");
        other.first(response(CLIENT_FIRST));
        violates(() -> other.finish(("c=biws,r=" + NONCES + PROOF).getBytes(UTF_8)), "08P01", "nonce does not match");
    }

    @Test
    void freshNoncesDiffer() throws Exception {
        byte[] one = new ScramServer(PENCIL, Optional.empty()).first(response(CLIENT_FIRST));
        byte[] other = new ScramServer(PENCIL, Optional.empty()).first(response(CLIENT_FIRST));
        assertThat(one).isNotEqualTo(other);
    }

    @Test
    void theClientMustRepeatItsHeader() throws Exception {
        server.first(response(CLIENT_FIRST));
        violates(() -> server.finish(("c=eSws,r=" + NONCES + PROOF).getBytes(UTF_8)), "08P01", "channel binding check failed");
    }

    @Test
    void aClientThatBelievesWeHaveNoChannelBindingIsServedWhenThatIsTrue() throws Exception {
        server.first(response("y,,n=,r=abc"));
        assertThat(server.finish(("c=eSws,r=abc" + SERVER_NONCE + PROOF).getBytes(UTF_8))).isEmpty();
    }

    @Test
    void aClientThatBelievesWeHaveNoChannelBindingIsRefusedWhenWeOfferedIt() {
        var tls = new ScramServer(PENCIL, Optional.of(CERTIFICATE), SERVER_NONCE);
        assertThat(tls.mechanisms()).containsExactly("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256");
        violates(() -> tls.first(response("y,,n=,r=abc")), "28000", "negotiation error");
    }

    @Test
    void channelBindingThatWasNotOfferedIsRefused() {
        assertThat(server.mechanisms()).containsExactly("SCRAM-SHA-256");
        violates(() -> server.first(response("p=tls-server-end-point,,n=,r=abc")), "08P01", "without channel binding");
        violates(() -> server.first(new SaslInitialResponse("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=abc".getBytes(UTF_8))),
                "08P01", "invalid SASL authentication mechanism");
    }

    @Test
    void channelBindingMustBindToOurCertificate() throws Exception {
        String binding = Base64.getEncoder().encodeToString("p=tls-server-end-point,,hash of our certificate".getBytes(UTF_8));
        String other = Base64.getEncoder().encodeToString("p=tls-server-end-point,,hash of another one".getBytes(UTF_8));
        assertThat(plus().finish(("c=" + binding + ",r=abc" + SERVER_NONCE + PROOF).getBytes(UTF_8))).isEmpty();
        ScramServer tls = plus();
        violates(() -> tls.finish(("c=" + other + ",r=abc" + SERVER_NONCE + PROOF).getBytes(UTF_8)), "08P01", "channel binding check failed");
    }

    @Test
    void theMechanismWithChannelBindingNeedsTheData() {
        var tls = new ScramServer(PENCIL, Optional.of(CERTIFICATE), SERVER_NONCE);
        violates(() -> tls.first(new SaslInitialResponse("SCRAM-SHA-256-PLUS", CLIENT_FIRST.getBytes(UTF_8))), "08P01", "does not include channel binding data");
        violates(() -> tls.first(new SaslInitialResponse("SCRAM-SHA-256-PLUS", "p=tls-unique,,n=,r=abc".getBytes(UTF_8))), "08P01", "unsupported SCRAM channel-binding type");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "n", "n,", "n,,", "n,,n=", "n,,n=,", "n,,n=,r=", "n,,n=,r=\u00e4", "n,,r=abc", "n,,n=,r=abc,", "n,,n=,r=abc,=", "x,,n=,r=abc", "p,,n=,r=abc"})
    void aMalformedFirstMessageIsAProtocolViolation(String message) {
        violates(() -> server.first(response(message)), "08P01", "malformed SCRAM message");
    }

    @Test
    void whatWeDoNotHaveIsNamed() {
        violates(() -> server.first(response("n,a=admin,n=,r=abc")), "0A000", "authorization identity");
        violates(() -> server.first(response("n,,m=ext,n=,r=abc")), "0A000", "unsupported SCRAM extension");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "c=biws", "c=biws,r=x", "c=biws,r=x,p=", "c=biws,r=x,p=AAAA", "c=biws,r=x,p=?", "c=?,r=x" + PROOF, "r=x,c=biws" + PROOF, "c=biws,r=x,=" + PROOF, "c=biws,r=x" + PROOF + ",e=x"})
    void aMalformedLastMessageIsAProtocolViolation(String message) throws Exception {
        server.first(response(CLIENT_FIRST));
        violates(() -> server.finish(message.getBytes(UTF_8)), "08P01", "malformed SCRAM message");
    }

    @Test
    void extensionsAreSkipped() throws Exception {
        server.first(response(CLIENT_FIRST + ",x=1,y=2"));
        assertThat(server.finish(("c=biws,r=" + NONCES + ",z=3" + PROOF).getBytes(UTF_8))).isEmpty();
    }

    private static ScramServer plus() throws AuthenticationException {
        var tls = new ScramServer(PENCIL, Optional.of(CERTIFICATE), SERVER_NONCE);
        tls.first(new SaslInitialResponse("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=abc".getBytes(UTF_8)));
        return tls;
    }

    private static SaslInitialResponse response(String data) {
        return new SaslInitialResponse("SCRAM-SHA-256", data.getBytes(UTF_8));
    }

    private static void violates(ThrowingCallable call, String sqlState, String message) {
        assertThatThrownBy(call).isInstanceOfSatisfying(AuthenticationException.class, e -> {
            assertThat(e.sqlState()).isEqualTo(sqlState);
            assertThat(e).hasMessageContaining(message);
        });
    }
}
