// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import io.pgtrickle.wire.auth.AuthenticationRequest;
import io.pgtrickle.wire.auth.Md5Password;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.function.Function;

/** AuthenticationMD5Password with four random bytes, answered by one PasswordMessage. */
final class Md5Challenge implements ClientAuthentication {

    private static final SecureRandom RANDOM = new SecureRandom();

    private final String user;
    private final String hash;
    private final Function<Proof, AuthStep.End> ending;
    private final byte[] salt = new byte[4];

    /** @param hash the stored hash; for a user that cannot log in one that no password has */
    Md5Challenge(String user, String hash, Function<Proof, AuthStep.End> ending) {
        this.user = user;
        this.hash = hash;
        this.ending = ending;
        RANDOM.nextBytes(salt);
    }

    @Override
    public AuthStep start() {
        return new AuthStep.Send(new AuthenticationRequest.Md5Password(salt).body());
    }

    @Override
    public AuthStep next(byte[] body) {
        if (body.length == 0 || body[body.length - 1] != 0) {
            return new AuthStep.Refused(AuthFailure.protocolViolation("invalid password packet size"));
        }
        String answer = new String(body, 0, body.length - 1, StandardCharsets.UTF_8);
        return Md5Password.matches(answer, hash, salt)
                ? ending.apply(new Proof.None())
                : new AuthStep.Refused(AuthFailure.wrongPassword(user));
    }
}
