// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.auth;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.ongres.scram.common.ScramFunctions;
import com.ongres.scram.common.ScramMechanism;
import io.pgtrickle.wire.auth.ScramMessages.ClientFinal;
import io.pgtrickle.wire.auth.ScramMessages.ClientFirst;
import java.io.ByteArrayOutputStream;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The server's side of one SCRAM-SHA-256 exchange (RFC 5802, 7677; PostgreSQL manual 54.3): {@link #first}, then {@link #finish}. All of it
 * is cheap, the costly derivation was done when the secret was made. Text is kept byte for byte (Latin-1), whatever encoding the client uses.
 */
public final class ScramServer {

    public static final String MECHANISM = "SCRAM-SHA-256";
    public static final String MECHANISM_PLUS = "SCRAM-SHA-256-PLUS";

    private static final ScramMechanism HASH = ScramMechanism.SCRAM_SHA_256;
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int NONCE_BYTES = 18;

    private final ScramSecret secret;
    private final Optional<byte[]> endPoint;
    private final String nonce;
    private @Nullable ClientFirst clientFirst;
    private String serverFirst = "";

    /** The client proved that it knows the password: the last message to it, and the keys we learnt from its proof. */
    public record Success(byte[] serverFinal, ScramKeys keys) {}

    /**
     * @param secret what the client must prove to know; for an unknown user one that nobody knows ({@link UnknownUsers})
     * @param endPoint the hash of our certificate (tls-server-end-point) when the client came over TLS, so that channel binding is offered
     */
    public ScramServer(ScramSecret secret, Optional<byte[]> endPoint) {
        this(secret, endPoint, newNonce());
    }

    ScramServer(ScramSecret secret, Optional<byte[]> endPoint, String nonce) {
        this.secret = secret;
        this.endPoint = endPoint;
        this.nonce = nonce;
    }

    /** What an AuthenticationSASL message offers, the best first. */
    public List<String> mechanisms() {
        return endPoint.isPresent() ? List.of(MECHANISM_PLUS, MECHANISM) : List.of(MECHANISM);
    }

    /** The answer to a SASLInitialResponse: the data of an AuthenticationSASLContinue. */
    public byte[] first(SaslInitialResponse response) throws AuthenticationException {
        if (!mechanisms().contains(response.mechanism())) {
            throw AuthenticationException.protocolViolation("client selected an invalid SASL authentication mechanism");
        }
        ClientFirst first = ScramMessages.clientFirst(latin1(response.data()));
        checkChannelBinding(first, response.mechanism().equals(MECHANISM_PLUS));
        clientFirst = first;
        serverFirst = "r=" + first.nonce() + nonce + ",s=" + Base64.getEncoder().encodeToString(secret.salt()) + ",i=" + secret.iterations();
        return serverFirst.getBytes(ISO_8859_1);
    }

    /** The answer to the SASLResponse after {@link #first}; empty when the proof is wrong. */
    public Optional<Success> finish(byte[] response) throws AuthenticationException {
        ClientFirst first = clientFirst;
        if (first == null) {
            throw new IllegalStateException("finish before first");
        }
        ClientFinal last = ScramMessages.clientFinal(latin1(response));
        if (!MessageDigest.isEqual(last.channelBinding(), expectedBinding(first))) {
            throw AuthenticationException.protocolViolation("SCRAM channel binding check failed");
        }
        if (!last.nonce().equals(first.nonce() + nonce)) {
            throw AuthenticationException.protocolViolation("invalid SCRAM response: nonce does not match");
        }
        byte[] authMessage = (first.bare() + "," + serverFirst + "," + last.withoutProof()).getBytes(ISO_8859_1);
        byte[] clientKey = xor(ScramFunctions.hmac(HASH, secret.storedKey(), authMessage), last.proof());
        if (!MessageDigest.isEqual(secret.storedKey(), ScramFunctions.storedKey(HASH, clientKey))) {
            return Optional.empty();
        }
        byte[] signature = ScramFunctions.hmac(HASH, secret.serverKey(), authMessage);
        String serverFinal = "v=" + Base64.getEncoder().encodeToString(signature);
        return Optional.of(new Success(serverFinal.getBytes(ISO_8859_1), new ScramKeys(clientKey, secret.serverKey())));
    }

    /**
     * n: the client has no channel binding. y: it has, but believes that we have not; a lie somebody told it if we offered it, so then
     * the exchange ends (a downgrade). p: it uses it, which it can only when it chose the mechanism that has it.
     */
    private void checkChannelBinding(ClientFirst first, boolean plus) throws AuthenticationException {
        switch (first.flag()) {
            case 'n', 'y' -> {
                if (plus) {
                    throw malformed("The client selected " + MECHANISM_PLUS + ", but the SCRAM message does not include channel binding data.");
                }
                if (first.flag() == 'y' && endPoint.isPresent()) {
                    throw AuthenticationException.refused("SCRAM channel binding negotiation error");
                }
            }
            case 'p' -> {
                if (!plus) {
                    throw malformed("The client selected " + MECHANISM + " without channel binding, but the SCRAM message includes channel binding data.");
                }
                if (!first.bindingType().equals("tls-server-end-point")) {
                    throw AuthenticationException.protocolViolation("unsupported SCRAM channel-binding type \"" + first.bindingType() + "\"");
                }
            }
            default -> throw malformed("Unexpected channel-binding flag.");
        }
    }

    /** The client repeats its GS2 header, followed by the binding data if it uses them. */
    private byte[] expectedBinding(ClientFirst first) {
        var expected = new ByteArrayOutputStream();
        expected.writeBytes(first.gs2Header().getBytes(ISO_8859_1));
        if (first.flag() == 'p') {
            endPoint.ifPresent(expected::writeBytes);
        }
        return expected.toByteArray();
    }

    private static AuthenticationException malformed(String detail) {
        return AuthenticationException.protocolViolation("malformed SCRAM message: " + detail);
    }

    private static byte[] xor(byte[] one, byte[] other) {
        byte[] result = Arrays.copyOf(one, one.length);
        for (int i = 0; i < result.length; i++) {
            result[i] ^= other[i];
        }
        return result;
    }

    private static String latin1(byte[] bytes) {
        return new String(bytes, ISO_8859_1);
    }

    private static String newNonce() {
        byte[] bytes = new byte[NONCE_BYTES];
        RANDOM.nextBytes(bytes);
        return Base64.getEncoder().encodeToString(bytes);
    }
}
