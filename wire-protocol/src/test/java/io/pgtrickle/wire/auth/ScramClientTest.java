// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScramClientTest {

    private static final byte[] SALT = "sixteen bytes of".getBytes(UTF_8);

    @ParameterizedTest
    @ValueSource(strings = {"secret", "with space, comma=equals", "I\u00adX", "\u00aa\u00a0\u2168", "пароль", "\u0627\u0031", "\ud83d\ude00", "tab\there"})
    void clientAndServerAgreeOnEveryPassword(String password) throws Exception {
        assertThat(exchange(ScramClient.withPassword(password), ScramSecret.of(password, SALT, 4096))).isPresent();
    }

    @Test
    void aWrongPasswordIsFoundOutByTheServer() throws Exception {
        assertThat(exchange(ScramClient.withPassword("Secret"), ScramSecret.of("secret", SALT, 4096))).isEmpty();
    }

    @Test
    void passwordsThatLookAlikeAfterSaslPrepAreOne() throws Exception {
        assertThat(exchange(ScramClient.withPassword("IX"), ScramSecret.of("\u2168", SALT, 4096))).isPresent();
    }

    @Test
    void theKeysAClientProvedLogInWhereTheSameSecretIsStored() throws Exception {
        ScramSecret secret = ScramSecret.of("secret", SALT, 4096);
        ScramKeys keys = exchange(ScramClient.withPassword("secret"), secret).orElseThrow();
        assertThat(exchange(ScramClient.withKeys(keys, secret), secret)).isPresent();
    }

    @Test
    void keysAreNotUsedWhereAnotherSecretIsStored() {
        ScramSecret ours = ScramSecret.of("secret", SALT, 4096);
        ScramKeys keys = ScramKeys.of("secret", SALT, 4096);
        assertThatThrownBy(() -> exchange(ScramClient.withKeys(keys, ours), ScramSecret.of("secret", SALT, 5000)))
                .isInstanceOf(AuthenticationException.class)
                .hasMessageContaining("another SCRAM secret");
    }

    @Test
    void aServerThatDoesNotKnowTheSecretIsNotTrusted() throws Exception {
        var client = ScramClient.withPassword("secret");
        var server = new ScramServer(ScramSecret.of("secret", SALT, 4096), Optional.empty());
        client.serverFirst(server.first(client.first()));
        client.answer();
        assertThatThrownBy(() -> client.verify("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".getBytes(UTF_8)))
                .isInstanceOf(AuthenticationException.class)
                .hasMessageContaining("signature is wrong");
    }

    @Test
    void theServersErrorIsPassedOn() throws Exception {
        var client = ScramClient.withPassword("secret");
        var server = new ScramServer(ScramSecret.of("secret", SALT, 4096), Optional.empty());
        client.serverFirst(server.first(client.first()));
        client.answer();
        assertThatThrownBy(() -> client.verify("e=invalid-proof".getBytes(UTF_8)))
                .isInstanceOf(AuthenticationException.class)
                .hasMessageContaining("refused");
    }

    @Test
    void aServerCannotMakeUsComputeForever() {
        var client = ScramClient.withPassword("secret");
        String nonce = nonceOf(client.first());
        assertThatThrownBy(() -> client.serverFirst(("r=" + nonce + "x,s=c2FsdA==,i=2000000000").getBytes(UTF_8)))
                .isInstanceOf(AuthenticationException.class)
                .hasMessageContaining("iterations");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "r=other,s=c2FsdA==,i=4096", "s=c2FsdA==,i=4096", "r=NONCEx,s=?,i=4096", "r=NONCEx,s=c2FsdA==,i=0", "r=NONCEx,s=c2FsdA==,i=x"})
    void aMalformedServerMessageIsAProtocolViolation(String message) {
        var client = ScramClient.withPassword("secret");
        String nonce = nonceOf(client.first());
        assertThatThrownBy(() -> client.serverFirst(message.replace("NONCE", nonce).getBytes(UTF_8)))
                .isInstanceOfSatisfying(AuthenticationException.class, e -> assertThat(e.sqlState()).isEqualTo("08P01"));
    }

    private static String nonceOf(SaslInitialResponse first) {
        String message = new String(first.data(), UTF_8);
        return message.substring(message.indexOf("r=") + 2);
    }

    private static Optional<ScramKeys> exchange(ScramClient client, ScramSecret secret) throws AuthenticationException {
        var server = new ScramServer(secret, Optional.empty());
        client.serverFirst(server.first(client.first()));
        Optional<ScramServer.Success> success = server.finish(client.answer());
        if (success.isPresent()) {
            client.verify(success.get().serverFinal());
        }
        return success.map(ScramServer.Success::keys);
    }

    // Over TLS.

    private static final List<String> BOTH = List.of("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256");
    private static final Optional<byte[]> END_POINT = Optional.of("hash".getBytes(UTF_8));

    @Test
    void theExchangeIsBoundToTheServersCertificateIfTheServerOffersIt() throws Exception {
        ScramSecret secret = ScramSecret.of("secret", SALT, 4096);
        ScramKeys keys = ScramKeys.of("secret", SALT, 4096);
        for (ScramClient client : List.of(ScramClient.withPassword("secret", BOTH, END_POINT), ScramClient.withKeys(keys, secret, BOTH, END_POINT))) {
            SaslInitialResponse first = client.first();
            assertThat(first.mechanism()).isEqualTo("SCRAM-SHA-256-PLUS");
            var server = new ScramServer(secret, END_POINT);
            client.serverFirst(server.first(first));
            client.verify(server.finish(client.answer()).orElseThrow().serverFinal());
        }
    }

    @Test
    void aServerWithAnotherCertificateFindsOut() throws Exception {
        var client = ScramClient.withPassword("secret", BOTH, END_POINT);
        var server = new ScramServer(ScramSecret.of("secret", SALT, 4096), Optional.of("other".getBytes(UTF_8)));
        client.serverFirst(server.first(client.first()));
        byte[] answer = client.answer();
        assertThatThrownBy(() -> server.finish(answer)).hasMessageContaining("channel binding check failed");
    }

    /** So that a server that did offer it learns that somebody took its offer away. */
    @Test
    void aServerThatDoesNotOfferItIsToldThatWeCould() {
        assertThat(firstOf(ScramClient.withPassword("secret", List.of("SCRAM-SHA-256"), END_POINT))).startsWith("y,,");
        assertThat(firstOf(ScramClient.withPassword("secret", BOTH, Optional.empty()))).startsWith("n,,");
        assertThat(firstOf(ScramClient.withPassword("secret"))).startsWith("n,,");
    }

    @Test
    void theMechanismWithChannelBindingAloneIsAnOfferOnlyWithACertificate() {
        assertThat(ScramClient.isOffered(List.of("SCRAM-SHA-256-PLUS"), END_POINT)).isTrue();
        assertThat(ScramClient.isOffered(List.of("SCRAM-SHA-256-PLUS"), Optional.empty())).isFalse();
        assertThat(ScramClient.isOffered(List.of("SCRAM-SHA-256"), Optional.empty())).isTrue();
    }

    private static String firstOf(ScramClient client) {
        return new String(client.first().data(), UTF_8);
    }
}
