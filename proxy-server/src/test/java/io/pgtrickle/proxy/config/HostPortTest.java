// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostPortTest {

    @ParameterizedTest
    @CsvSource({"db:5433, db, 5433", "db, db, 5432", ":5433, localhost, 5433", "[::1]:5433, ::1, 5433", "[::1], ::1, 5432"})
    void everyNotationIsRead(String text, String host, int port) {
        assertThat(HostPort.parse(text, "localhost", 5432)).isEqualTo(new HostPort(host, port));
    }

    @ParameterizedTest
    @ValueSource(strings = {"db:", "db:x", "db:70000", "::1", "[::1", "[::1]x", "[::1]x:1", "db:1:2"})
    void whatIsNoAddressIsRefused(String text) {
        assertThatThrownBy(() -> HostPort.parse(text, "localhost", 5432)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"db:5433", "[::1]:5433"})
    void itIsWrittenAsItIsRead(String text) {
        assertThat(HostPort.parse(text, "localhost", 5432)).hasToString(text);
    }
}
