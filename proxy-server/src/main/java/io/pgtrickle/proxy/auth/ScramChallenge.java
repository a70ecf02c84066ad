// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import io.pgtrickle.wire.auth.AuthenticationException;
import io.pgtrickle.wire.auth.AuthenticationRequest.Sasl;
import io.pgtrickle.wire.auth.AuthenticationRequest.SaslContinue;
import io.pgtrickle.wire.auth.AuthenticationRequest.SaslFinal;
import io.pgtrickle.wire.auth.SaslInitialResponse;
import io.pgtrickle.wire.auth.ScramSecret;
import io.pgtrickle.wire.auth.ScramServer;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** AuthenticationSASL, SASLInitialResponse, AuthenticationSASLContinue, SASLResponse, AuthenticationSASLFinal. */
final class ScramChallenge implements ClientAuthentication {

    private enum State { OFFERED, CHALLENGED, DONE }

    private final String user;
    private final ScramSecret secret;
    private final ScramServer scram;
    private final Function<Proof, AuthStep.End> ending;
    private State state = State.OFFERED;

    /**
     * @param secret the stored secret; for a user that cannot log in one that no password has
     * @param endPoint what channel binding binds to, if it is to be offered
     */
    ScramChallenge(String user, ScramSecret secret, Optional<byte[]> endPoint, Function<Proof, AuthStep.End> ending) {
        this.user = user;
        this.scram = new ScramServer(secret, endPoint);
        this.secret = secret;
        this.ending = ending;
    }

    @Override
    public AuthStep start() {
        return new AuthStep.Send(new Sasl(scram.mechanisms()).body());
    }

    @Override
    public AuthStep next(byte[] body) {
        State before = state;
        state = before == State.OFFERED ? State.CHALLENGED : State.DONE;
        try {
            return switch (before) {
                case OFFERED -> new AuthStep.Send(new SaslContinue(scram.first(SaslInitialResponse.parse(body))).body());
                case CHALLENGED -> scram.finish(body)
                        .map(this::proved)
                        .orElseGet(() -> new AuthStep.Refused(AuthFailure.wrongPassword(user)));
                case DONE -> new AuthStep.Refused(AuthFailure.protocolViolation("password message after the exchange"));
            };
        } catch (AuthenticationException e) {
            return new AuthStep.Refused(AuthFailure.of(e));
        }
    }

    private AuthStep proved(ScramServer.Success success) {
        return switch (ending.apply(new Proof.Keys(secret, success.keys()))) {
            case AuthStep.Accepted accepted -> new AuthStep.Accepted(
                    List.of(new SaslFinal(success.serverFinal()).body()), accepted.route(), accepted.login());
            case AuthStep.Console console -> new AuthStep.Console(List.of(new SaslFinal(success.serverFinal()).body()), console.admin());
            case AuthStep.Refused refused -> refused;
        };
    }
}
