// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import io.pgtrickle.wire.auth.ScramKeys;
import java.util.Optional;
import java.util.function.Function;

/** auth_type trust and any: nothing is asked. */
final class NoChallenge implements ClientAuthentication {

    private final Function<Optional<ScramKeys>, AuthStep.End> ending;

    NoChallenge(Function<Optional<ScramKeys>, AuthStep.End> ending) {
        this.ending = ending;
    }

    @Override
    public AuthStep start() {
        return ending.apply(Optional.empty());
    }

    @Override
    public AuthStep next(byte[] body) {
        return new AuthStep.Refused(AuthFailure.protocolViolation("password message without a request"));
    }
}
