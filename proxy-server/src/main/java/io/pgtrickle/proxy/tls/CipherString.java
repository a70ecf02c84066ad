// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.tls;

import io.netty.handler.ssl.CipherSuiteConverter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * OpenSSL's cipher strings (openssl-ciphers(1)) over the cipher suites Java has: {@code word} adds, {@code !word} bans, {@code -word} takes
 * away, {@code +word} moves to the end, {@code a+b} is what both mean, {@code @STRENGTH} sorts. As in OpenSSL a word that means nothing
 * here is passed over. TLS 1.3 is not concerned.
 */
final class CipherString {

    private static final Set<String> JAVAS_CHOICE = Set.of("", "default", "secure", "fast", "normal");

    private CipherString() {}

    /**
     * @param usual Java's choice, in its order
     * @param all what Java has, in its order
     * @return Java's names, the preferred ones first; maybe none
     */
    static List<String> select(String text, List<String> usual, List<String> all) {
        String word = text.strip();
        if (JAVAS_CHOICE.contains(word.toLowerCase(Locale.ROOT))) {
            return usual;
        }
        if (word.equalsIgnoreCase("all")) {
            return all;
        }
        var chosen = new LinkedHashSet<String>();
        var banned = new LinkedHashSet<String>();
        for (String item : word.split("[:, ]+")) {
            apply(item, usual, all, chosen, banned);
        }
        return List.copyOf(chosen);
    }

    private static void apply(String item, List<String> usual, List<String> all, Set<String> chosen, Set<String> banned) {
        char first = item.isEmpty() ? '@' : item.charAt(0);
        switch (first) {
            case '!' -> {
                List<String> meant = meant(item.substring(1), usual, all);
                banned.addAll(meant);
                meant.forEach(chosen::remove);
            }
            case '-' -> meant(item.substring(1), usual, all).forEach(chosen::remove);
            case '+' -> {
                List<String> moved = meant(item.substring(1), usual, all).stream().filter(chosen::contains).toList();
                moved.forEach(chosen::remove);
                chosen.addAll(moved);
            }
            case '@' -> {
                if (item.equals("@STRENGTH")) {
                    var sorted = new ArrayList<>(chosen);
                    sorted.sort(Comparator.comparingInt(CipherString::keyBits).reversed());
                    chosen.clear();
                    chosen.addAll(sorted);
                }
            }
            default -> meant(item, usual, all).stream().filter(suite -> !banned.contains(suite)).forEach(chosen::add);
        }
    }

    private static List<String> meant(String item, List<String> usual, List<String> all) {
        if (item.equals("DEFAULT")) {
            return usual;
        }
        Predicate<String> each = Arrays.stream(item.split("\\+")).map(CipherString::word).reduce(_ -> true, Predicate::and);
        return all.stream().filter(each).toList();
    }

    /** What a suite's name says of it: TLS_(key exchange)_WITH_(cipher)_(hash). */
    private static Predicate<String> word(String word) {
        return switch (word) {
            case "ALL", "COMPLEMENTOFDEFAULT" -> suite -> !has(suite, "_WITH_NULL_");
            case "HIGH" -> suite -> keyBits(suite) >= 128 && !has(suite, "_RC4_");
            case "MEDIUM" -> suite -> has(suite, "_RC4_");
            case "kRSA", "RSA" -> suite -> has(suite, "_RSA_WITH_") && !has(suite, "DHE_");
            case "ECDHE", "EECDH", "kECDHE", "kEECDH", "ECDH" -> suite -> has(suite, "_ECDHE_");
            case "DHE", "EDH", "kDHE", "kEDH", "DH" -> suite -> has(suite, "_DHE_");
            case "aRSA" -> suite -> has(suite, "_RSA_WITH_");
            case "aECDSA", "ECDSA" -> suite -> has(suite, "_ECDSA_WITH_");
            case "aDSS", "DSS" -> suite -> has(suite, "_DSS_WITH_");
            case "aNULL", "ADH", "AECDH" -> suite -> has(suite, "_anon_");
            case "eNULL", "NULL" -> suite -> has(suite, "_WITH_NULL_");
            case "AES" -> suite -> has(suite, "_AES_");
            case "AES128" -> suite -> has(suite, "_AES_128_");
            case "AES256" -> suite -> has(suite, "_AES_256_");
            case "AESGCM" -> suite -> has(suite, "_GCM_");
            case "CHACHA20" -> suite -> has(suite, "_CHACHA20_");
            case "3DES" -> suite -> has(suite, "_3DES_");
            case "RC4" -> suite -> has(suite, "_RC4_");
            case "SHA", "SHA1" -> suite -> suite.endsWith("_SHA");
            case "SHA256" -> suite -> suite.endsWith("_CBC_SHA256");
            case "SHA384" -> suite -> suite.endsWith("_CBC_SHA384");
            case "MD5" -> suite -> suite.endsWith("_MD5");
            default -> suite -> suite.equals(word) || openSslName(suite).equals(Optional.of(word));
        };
    }

    private static Optional<String> openSslName(String suite) {
        return Optional.ofNullable(CipherSuiteConverter.toOpenSsl(suite, false));
    }

    private static int keyBits(String suite) {
        if (has(suite, "_AES_256_") || has(suite, "_CHACHA20_")) {
            return 256;
        }
        return has(suite, "_AES_128_") ? 128 : 0;
    }

    private static boolean has(String suite, String part) {
        return suite.contains(part);
    }
}
