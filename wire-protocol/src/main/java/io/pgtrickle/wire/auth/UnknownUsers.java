// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.auth;

import com.ongres.scram.common.ScramFunctions;
import com.ongres.scram.common.ScramMechanism;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;

/**
 * Secrets for users that do not exist, so that asking for one looks like asking for any other: the same salt every time for the same name,
 * derived from random bytes that only this process knows, and keys that no password has.
 */
public final class UnknownUsers {

    private final byte[] processSecret = new byte[32];
    private final byte[] nobodysKey = new byte[32];

    public UnknownUsers() {
        var random = new SecureRandom();
        random.nextBytes(processSecret);
        random.nextBytes(nobodysKey);
    }

    /** @param iterations those of the users that do exist */
    public ScramSecret secretOf(String user, int iterations) {
        return new ScramSecret(iterations, saltOf(user), nobodysKey, nobodysKey);
    }

    /** Serves as well for a user that exists and has no salt of its own, being known by its password. */
    public byte[] saltOf(String user) {
        byte[] digest = ScramFunctions.hmac(ScramMechanism.SCRAM_SHA_256, processSecret, user.getBytes(StandardCharsets.UTF_8));
        return Arrays.copyOf(digest, ScramSecret.SALT_BYTES);
    }
}
