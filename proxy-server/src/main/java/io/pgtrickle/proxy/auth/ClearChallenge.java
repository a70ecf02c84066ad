// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import io.pgtrickle.wire.auth.AuthenticationRequest;
import io.pgtrickle.wire.auth.Md5Password;
import io.pgtrickle.wire.auth.ScramSecret;
import io.pgtrickle.wire.auth.StoredSecret;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.function.Function;

/** AuthenticationCleartextPassword, answered by one PasswordMessage. Whatever kind of secret is stored, the check takes the same work. */
final class ClearChallenge implements ClientAuthentication {

    private final String user;
    private final StoredSecret secret;
    private final ScramSecret nobodys;
    private final Function<Proof, AuthStep.End> ending;

    /** @param nobodys a secret that no password has, for the work of checking it */
    ClearChallenge(String user, StoredSecret secret, ScramSecret nobodys, Function<Proof, AuthStep.End> ending) {
        this.user = user;
        this.secret = secret;
        this.nobodys = nobodys;
        this.ending = ending;
    }

    @Override
    public AuthStep start() {
        return new AuthStep.Send(new AuthenticationRequest.CleartextPassword().body());
    }

    @Override
    public AuthStep next(byte[] body) {
        int length = body.length - 1;
        for (int i = 0; i < body.length; i++) {
            if ((body[i] == 0) != (i == length)) {
                return new AuthStep.Refused(AuthFailure.protocolViolation("invalid password packet size"));
            }
        }
        if (length < 0) {
            return new AuthStep.Refused(AuthFailure.protocolViolation("invalid password packet size"));
        }
        String password = new String(body, 0, length, StandardCharsets.UTF_8);
        return new AuthStep.Compute(() -> fits(password)
                ? ending.apply(new Proof.Password(password))
                : new AuthStep.Refused(AuthFailure.wrongPassword(user)));
    }

    private boolean fits(String password) {
        if (password.isEmpty()) {
            return false;
        }
        ScramSecret compared = secret instanceof StoredSecret.Scram(var stored) ? stored : nobodys;
        boolean fitsScram = compared.fits(password);
        return switch (secret) {
            case StoredSecret.Scram _ -> fitsScram;
            case StoredSecret.Plain(var stored) -> equal(stored, password);
            case StoredSecret.Md5(var hash) -> equal(hash, Md5Password.hash(user, password));
            case StoredSecret.None _ -> false;
        };
    }

    private static boolean equal(String one, String other) {
        return MessageDigest.isEqual(one.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));
    }
}
