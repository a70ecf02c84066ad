// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

/** Nothing is asked: trust, any, a certificate, or a refusal. */
record NoChallenge(AuthStep.End end) implements ClientAuthentication {

    @Override
    public AuthStep start() {
        return end;
    }

    @Override
    public AuthStep next(byte[] body) {
        return new AuthStep.Refused(AuthFailure.protocolViolation("password message without a request"));
    }
}
