// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.ongres.scram.client.ScramClient.FinalBuildStage;
import com.ongres.scram.client.ScramClient.PasswordBuildStage;
import com.ongres.scram.common.StringPreparation;
import com.ongres.scram.common.exception.ScramException;
import com.ongres.scram.common.exception.ScramInvalidServerSignatureException;
import com.ongres.scram.common.exception.ScramServerErrorException;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * The client's side of one SCRAM-SHA-256 exchange with a server: {@link #first}, {@link #serverFirst}, {@link #answer}, {@link #verify}.
 * Over TLS the exchange is bound to the server's certificate if the server offers that; if it does not, it is told that we could have, so
 * that it notices when somebody has kept its offer from us. Without TLS there is nothing to bind to, and it is told so.
 */
public final class ScramClient {

    /** A server that asks for more is not served: every iteration costs us time, and the server chooses their number. */
    public static final int MAX_ITERATIONS = 1_000_000;

    private static final String END_POINT = "tls-server-end-point";

    /** PostgreSQL takes the user from the startup packet and ignores this one; the library wants a name. */
    private static final String IGNORED_USER = "*";

    private final com.ongres.scram.client.ScramClient scram;
    private final Optional<ScramSecret> secret;

    private ScramClient(FinalBuildStage builder, Optional<byte[]> endPoint, Optional<ScramSecret> secret) {
        endPoint.ifPresent(hash -> builder.channelBinding(END_POINT, hash));
        this.scram = builder.build();
        this.secret = secret;
    }

    /** Without TLS: {@link #withPassword(String, List, Optional)} for a server that offers {@link ScramServer#MECHANISM} only. */
    public static ScramClient withPassword(String password) {
        return withPassword(password, List.of(ScramServer.MECHANISM), Optional.empty());
    }

    /**
     * @param offered the server's mechanisms, which {@link #isOffered} has found sufficient
     * @param endPoint the hash of the server's certificate (tls-server-end-point) if it is known
     */
    public static ScramClient withPassword(String password, List<String> offered, Optional<byte[]> endPoint) {
        return new ScramClient(builder(offered, endPoint).password(password.toCharArray())
                .stringPreparation(StringPreparation.POSTGRESQL_PREPARATION), endPoint, Optional.empty());
    }

    public static ScramClient withKeys(ScramKeys keys, ScramSecret secret) {
        return withKeys(keys, secret, List.of(ScramServer.MECHANISM), Optional.empty());
    }

    /** @param secret what the keys belong to; they serve only if the server has the same one */
    public static ScramClient withKeys(ScramKeys keys, ScramSecret secret, List<String> offered, Optional<byte[]> endPoint) {
        return new ScramClient(builder(offered, endPoint).clientAndServerKey(keys.clientKey(), keys.serverKey()), endPoint, Optional.of(secret));
    }

    /** Whether we can authenticate with one of these mechanisms. */
    public static boolean isOffered(List<String> mechanisms, Optional<byte[]> endPoint) {
        return mechanisms.contains(ScramServer.MECHANISM) || usesBinding(mechanisms, endPoint);
    }

    private static boolean usesBinding(List<String> offered, Optional<byte[]> endPoint) {
        return endPoint.isPresent() && offered.contains(ScramServer.MECHANISM_PLUS);
    }

    /** The first message. */
    public SaslInitialResponse first() {
        return new SaslInitialResponse(scram.getScramMechanism().getName(), scram.clientFirstMessage().toString().getBytes(UTF_8));
    }

    /** Takes in the data of an AuthenticationSASLContinue; cheap. */
    public void serverFirst(byte[] data) throws AuthenticationException {
        try {
            var message = scram.serverFirstMessage(new String(data, UTF_8));
            int iterations = message.getIterationCount();
            byte[] salt = Base64.getDecoder().decode(message.getSalt());
            if (iterations > MAX_ITERATIONS) {
                throw AuthenticationException.protocolViolation("the server asks for " + iterations + " SCRAM iterations, more than " + MAX_ITERATIONS);
            }
            if (secret.isPresent() && !(secret.get().iterations() == iterations && Arrays.equals(secret.get().salt(), salt))) {
                throw AuthenticationException.refused("the server has another SCRAM secret for this user (salt or iterations differ)");
            }
        } catch (ScramException | RuntimeException e) {
            throw AuthenticationException.protocolViolation("the server's first SCRAM message is malformed: " + e.getMessage());
        }
    }

    /** The body of a SASLResponse; with a password it takes milliseconds, growing with the iterations. */
    public byte[] answer() throws AuthenticationException {
        try {
            return scram.clientFinalMessage().toString().getBytes(UTF_8);
        } catch (RuntimeException e) {
            throw AuthenticationException.protocolViolation("no answer to the server's SCRAM message: " + e.getMessage());
        }
    }

    /** Takes in the data of an AuthenticationSASLFinal; returns only if the server has proved that it knows the secret too. */
    public void verify(byte[] data) throws AuthenticationException {
        try {
            scram.serverFinalMessage(new String(data, UTF_8));
        } catch (ScramInvalidServerSignatureException e) {
            throw AuthenticationException.refused("the server does not know the password it asks for: its SCRAM signature is wrong");
        } catch (ScramServerErrorException e) {
            throw AuthenticationException.refused("the server refused the SCRAM exchange: " + e.getMessage());
        } catch (ScramException | RuntimeException e) {
            throw AuthenticationException.protocolViolation("the server's last SCRAM message is malformed: " + e.getMessage());
        }
    }

    private static PasswordBuildStage builder(List<String> offered, Optional<byte[]> endPoint) {
        return com.ongres.scram.client.ScramClient.builder()
                .advertisedMechanisms(List.of(usesBinding(offered, endPoint) ? ScramServer.MECHANISM_PLUS : ScramServer.MECHANISM))
                .username(IGNORED_USER);
    }
}
