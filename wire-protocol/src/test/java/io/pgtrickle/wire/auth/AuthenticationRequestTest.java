// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.auth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.wire.auth.AuthenticationRequest.CleartextPassword;
import io.pgtrickle.wire.auth.AuthenticationRequest.Md5Password;
import io.pgtrickle.wire.auth.AuthenticationRequest.Ok;
import io.pgtrickle.wire.auth.AuthenticationRequest.Sasl;
import io.pgtrickle.wire.auth.AuthenticationRequest.SaslContinue;
import io.pgtrickle.wire.auth.AuthenticationRequest.SaslFinal;
import io.pgtrickle.wire.auth.AuthenticationRequest.Unsupported;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class AuthenticationRequestTest {

    static Stream<AuthenticationRequest> everyKind() {
        return Stream.of(new Ok(), new CleartextPassword(), new Md5Password(new byte[] {1, 2, 3, 4}), new Sasl(List.of("A", "B")),
                new SaslContinue("data".getBytes(UTF_8)), new SaslFinal(new byte[0]), new Unsupported(7));
    }

    @ParameterizedTest
    @MethodSource("everyKind")
    void everyMessageIsReadAsItWasWritten(AuthenticationRequest message) throws Exception {
        assertThat(AuthenticationRequest.parse(message.body())).usingRecursiveComparison().isEqualTo(message);
    }

    @Test
    void theBytesAreThoseOfTheManual() {
        assertThat(HexFormat.of().formatHex(new Sasl(List.of("AB")).body())).isEqualTo("0000000a" + "414200" + "00");
        assertThat(HexFormat.of().formatHex(new Md5Password(new byte[] {1, 2, 3, 4}).body())).isEqualTo("00000005" + "01020304");
        assertThat(HexFormat.of().formatHex(new SaslInitialResponse("AB", new byte[] {9}).body())).isEqualTo("414200" + "00000001" + "09");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "000000", "0000000501", "000000050102030405", "0000000a", "0000000a4142", "0000000a414200"})
    void aTruncatedMessageIsAProtocolViolation(String hex) {
        assertThatThrownBy(() -> AuthenticationRequest.parse(HexFormat.of().parseHex(hex)))
                .isInstanceOfSatisfying(AuthenticationException.class, e -> assertThat(e.sqlState()).isEqualTo("08P01"));
    }

    @Test
    void anInitialResponseWithoutDataHasEmptyData() throws Exception {
        assertThat(SaslInitialResponse.parse(HexFormat.of().parseHex("414200" + "ffffffff")).data()).isEmpty();
        assertThat(SaslInitialResponse.parse(HexFormat.of().parseHex("414200" + "0000000109")).data()).containsExactly(9);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "4142", "414200", "41420000", "41420000000002" + "09", "414200" + "00000001" + "0909", "414200" + "fffffffe", "414200" + "7fffffff" + "00"})
    void anInitialResponseWithAWrongLengthIsAProtocolViolation(String hex) {
        assertThatThrownBy(() -> SaslInitialResponse.parse(HexFormat.of().parseHex(hex)))
                .isInstanceOfSatisfying(AuthenticationException.class, e -> assertThat(e.sqlState()).isEqualTo("08P01"));
    }
}
