// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.auth;

import com.ongres.scram.common.ScramFunctions;
import com.ongres.scram.common.ScramMechanism;
import com.ongres.scram.common.StringPreparation;

/**
 * The two keys a SCRAM client logs in with: made from a password, or left by a client that proved to us that it knows the password. They
 * serve as the password wherever the same secret (same salt and iterations) is stored, so they are kept as carefully.
 */
public record ScramKeys(byte[] clientKey, byte[] serverKey) {

    /** Takes milliseconds, growing with the iterations. */
    public static ScramKeys of(String password, byte[] salt, int iterations) {
        byte[] salted = ScramFunctions.saltedPassword(
                ScramMechanism.SCRAM_SHA_256, StringPreparation.POSTGRESQL_PREPARATION, password.toCharArray(), salt, iterations);
        return new ScramKeys(
                ScramFunctions.clientKey(ScramMechanism.SCRAM_SHA_256, salted),
                ScramFunctions.serverKey(ScramMechanism.SCRAM_SHA_256, salted));
    }

    @Override
    public String toString() {
        return "ScramKeys[***]";
    }
}
