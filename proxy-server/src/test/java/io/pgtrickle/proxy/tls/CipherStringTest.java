// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CipherStringTest {

    private static final List<String> USUAL = List.of(
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA");
    private static final List<String> ALL = List.of(
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
            "TLS_RSA_WITH_AES_256_CBC_SHA256", "TLS_ECDH_anon_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_NULL_SHA256");

    private static String selected(String text) {
        return String.join(" ", CipherString.select(text, USUAL, ALL).stream().map(name -> name.substring("TLS_".length()).replace("_WITH_", "-")).toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"default", "secure", "fast", "normal", "DEFAULT", ""})
    void theShortcutsAreJavasChoice(String text) {
        assertThat(CipherString.select(text, USUAL, ALL)).isEqualTo(USUAL);
    }

    @Test
    void allIsAll() {
        assertThat(CipherString.select("all", USUAL, ALL)).isEqualTo(ALL);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "ECDHE-RSA-AES128-GCM-SHA256 | ECDHE_RSA-AES_128_GCM_SHA256",
        "TLS_RSA_WITH_AES_256_CBC_SHA256:ECDHE-RSA-AES128-SHA | RSA-AES_256_CBC_SHA256 ECDHE_RSA-AES_128_CBC_SHA",
        "EECDH+AESGCM:EDH+AESGCM | ECDHE_ECDSA-AES_256_GCM_SHA384 ECDHE_RSA-AES_256_GCM_SHA384 ECDHE_RSA-AES_128_GCM_SHA256 DHE_RSA-AES_256_GCM_SHA384",
        "HIGH:!aNULL:!kRSA:!SHA1:!CHACHA20:!aECDSA | ECDHE_RSA-AES_256_GCM_SHA384 ECDHE_RSA-AES_128_GCM_SHA256 DHE_RSA-AES_256_GCM_SHA384",
        "AES128:!SHA:ECDHE-RSA-AES128-SHA | ECDHE_RSA-AES_128_GCM_SHA256",
        "AES128:-SHA:ECDHE-RSA-AES128-SHA | ECDHE_RSA-AES_128_GCM_SHA256 ECDHE_RSA-AES_128_CBC_SHA",
        "aRSA+AESGCM:+AES256 | ECDHE_RSA-AES_128_GCM_SHA256 ECDHE_RSA-AES_256_GCM_SHA384 DHE_RSA-AES_256_GCM_SHA384",
        "AES128+aRSA+AESGCM, CHACHA20:@STRENGTH | ECDHE_RSA-CHACHA20_POLY1305_SHA256 ECDHE_RSA-AES_128_GCM_SHA256",
        "NOTHING-LIKE-IT:DHE-RSA-AES256-GCM-SHA384:@SECLEVEL=2 | DHE_RSA-AES_256_GCM_SHA384",
        "eNULL | RSA-NULL_SHA256",
        "DEFAULT:!ECDHE | DHE_RSA-AES_256_GCM_SHA384"})
    void opensslsSyntax(String text, String suites) {
        assertThat(selected(text)).isEqualTo(suites);
    }

    @Test
    void nothingMayBeLeft() {
        assertThat(CipherString.select("RC4:3DES", USUAL, ALL)).isEmpty();
    }
}
