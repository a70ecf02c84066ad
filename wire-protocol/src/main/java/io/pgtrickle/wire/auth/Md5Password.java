// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.auth;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/** MD5 password authentication (PostgreSQL manual 54.2.1): the stored hash, and the answer to a salted request. */
public final class Md5Password {

    private static final Pattern HASH = Pattern.compile("md5[0-9a-f]{32}");

    private Md5Password() {}

    public static boolean isHash(String text) {
        return HASH.matcher(text).matches();
    }

    /** What pg_authid stores: "md5" and md5(password + user). */
    public static String hash(String user, String password) {
        return "md5" + hex((password + user).getBytes(StandardCharsets.UTF_8));
    }

    /** What is sent for a request with this salt: "md5" and md5(the stored hash's digits + salt). */
    public static String answer(String hash, byte[] salt) {
        byte[] digits = hash.substring("md5".length()).getBytes(StandardCharsets.US_ASCII);
        byte[] salted = new byte[digits.length + salt.length];
        System.arraycopy(digits, 0, salted, 0, digits.length);
        System.arraycopy(salt, 0, salted, digits.length, salt.length);
        return "md5" + hex(salted);
    }

    /** Compares an answer in time that does not depend on where it differs. */
    public static boolean matches(String answer, String hash, byte[] salt) {
        return MessageDigest.isEqual(
                answer.getBytes(StandardCharsets.UTF_8), answer(hash, salt).getBytes(StandardCharsets.UTF_8));
    }

    private static String hex(byte[] input) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(input));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java has no MD5", e);
        }
    }
}
