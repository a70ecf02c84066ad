// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.auth;

import com.ongres.scram.common.ScramFunctions;
import com.ongres.scram.common.ScramMechanism;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a server keeps of a SCRAM-SHA-256 password, in PostgreSQL's notation {@code SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey}
 * (salt and keys in Base64): enough to check a client and to prove itself to it, not enough to log in elsewhere.
 */
public record ScramSecret(int iterations, byte[] salt, byte[] storedKey, byte[] serverKey) {

    public static final int SALT_BYTES = 16;
    private static final int KEY_BYTES = 32;
    private static final Pattern NOTATION = Pattern.compile("SCRAM-SHA-256\\$(\\d{1,9}):([^$]+)\\$([^:]+):(.+)");

    /** The secret of a password; takes milliseconds, growing with the iterations. */
    public static ScramSecret of(String password, byte[] salt, int iterations) {
        ScramKeys keys = ScramKeys.of(password, salt, iterations);
        return new ScramSecret(
                iterations, salt, ScramFunctions.storedKey(ScramMechanism.SCRAM_SHA_256, keys.clientKey()), keys.serverKey());
    }

    /** Empty when the text is not in the notation; PostgreSQL takes such a text for a password in clear. */
    public static Optional<ScramSecret> parse(String text) {
        Matcher parts = NOTATION.matcher(text);
        if (!parts.matches()) {
            return Optional.empty();
        }
        try {
            var secret = new ScramSecret(
                    Integer.parseInt(parts.group(1)), decoded(parts.group(2)), decoded(parts.group(3)), decoded(parts.group(4)));
            boolean sound = secret.iterations > 0 && secret.storedKey.length == KEY_BYTES && secret.serverKey.length == KEY_BYTES;
            return sound ? Optional.of(secret) : Optional.empty();
        } catch (IllegalArgumentException notBase64) {
            return Optional.empty();
        }
    }

    /** Whether this secret was made from the password; takes milliseconds. */
    public boolean fits(String password) {
        return MessageDigest.isEqual(storedKey, of(password, salt, iterations).storedKey);
    }

    /** The notation of pg_authid. */
    public String text() {
        return "SCRAM-SHA-256$" + iterations + ":" + encoded(salt) + "$" + encoded(storedKey) + ":" + encoded(serverKey);
    }

    @Override
    public String toString() {
        return "ScramSecret[***]";
    }

    private static byte[] decoded(String base64) {
        return Base64.getDecoder().decode(base64);
    }

    private static String encoded(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }
}
