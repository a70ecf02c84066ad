// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.auth;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The Authentication messages ('R'): Int32 code, then what the code asks for (PostgreSQL manual 54.7). A body is the message without its
 * type byte and length; these messages are small and rare, so they are plain byte arrays.
 */
public sealed interface AuthenticationRequest {

    /** Code 0: the client is in. */
    record Ok() implements AuthenticationRequest {}

    /** Code 3: a password in clear text is asked for. */
    record CleartextPassword() implements AuthenticationRequest {}

    /** Code 5: {@code Byte4 salt}. */
    record Md5Password(byte[] salt) implements AuthenticationRequest {}

    /** Code 10: {@code String mechanism … Byte1(0)}. */
    record Sasl(List<String> mechanisms) implements AuthenticationRequest {

        public Sasl {
            mechanisms = List.copyOf(mechanisms);
        }
    }

    /** Code 11: {@code Byten data}, the mechanism's challenge. */
    record SaslContinue(byte[] data) implements AuthenticationRequest {}

    /** Code 12: {@code Byten data}, the mechanism's last word. */
    record SaslFinal(byte[] data) implements AuthenticationRequest {}

    /** Kerberos, GSSAPI, SSPI and whatever else is not spoken here. */
    record Unsupported(int code) implements AuthenticationRequest {}

    /** @throws AuthenticationException if the body is shorter than its code demands or a list is not terminated */
    static AuthenticationRequest parse(byte[] body) throws AuthenticationException {
        if (body.length < 4) {
            throw AuthenticationException.protocolViolation("Authentication message is too short");
        }
        byte[] data = Arrays.copyOfRange(body, 4, body.length);
        int code = ByteBuffer.wrap(body).getInt();
        return switch (code) {
            case 0 -> new Ok();
            case 3 -> new CleartextPassword();
            case 5 -> md5(data);
            case 10 -> new Sasl(strings(data));
            case 11 -> new SaslContinue(data);
            case 12 -> new SaslFinal(data);
            default -> new Unsupported(code);
        };
    }

    default byte[] body() {
        return switch (this) {
            case Ok _ -> body(0, new byte[0]);
            case CleartextPassword _ -> body(3, new byte[0]);
            case Md5Password(var salt) -> body(5, salt);
            case Sasl(var mechanisms) -> body(10, strings(mechanisms));
            case SaslContinue(var data) -> body(11, data);
            case SaslFinal(var data) -> body(12, data);
            case Unsupported(var code) -> body(code, new byte[0]);
        };
    }

    private static byte[] body(int code, byte[] data) {
        return ByteBuffer.allocate(4 + data.length).putInt(code).put(data).array();
    }

    private static Md5Password md5(byte[] salt) throws AuthenticationException {
        if (salt.length != 4) {
            throw AuthenticationException.protocolViolation("the salt of an MD5 request has " + salt.length + " bytes instead of 4");
        }
        return new Md5Password(salt);
    }

    private static byte[] strings(List<String> strings) {
        var out = new ByteArrayOutputStream();
        for (String string : strings) {
            out.writeBytes(string.getBytes(StandardCharsets.UTF_8));
            out.write(0);
        }
        out.write(0);
        return out.toByteArray();
    }

    private static List<String> strings(byte[] data) throws AuthenticationException {
        var strings = new ArrayList<String>();
        int start = 0;
        for (int i = 0; i < data.length; i++) {
            if (data[i] == 0) {
                if (i == start) {
                    return strings;
                }
                strings.add(new String(data, start, i - start, StandardCharsets.UTF_8));
                start = i + 1;
            }
        }
        throw AuthenticationException.protocolViolation("the list of authentication mechanisms is not terminated");
    }
}
