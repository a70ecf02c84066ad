// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.auth;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** SASLInitialResponse, a 'p' message: {@code String mechanism, Int32 length of data or -1, Byten data}; no data counts as empty data. */
public record SaslInitialResponse(String mechanism, byte[] data) {

    public static SaslInitialResponse parse(byte[] body) throws AuthenticationException {
        int end = 0;
        while (end < body.length && body[end] != 0) {
            end++;
        }
        int start = end + 1 + Integer.BYTES;
        if (start > body.length) {
            throw AuthenticationException.protocolViolation("invalid SASLInitialResponse message");
        }
        int length = ByteBuffer.wrap(body, end + 1, Integer.BYTES).getInt();
        if (start + Math.max(length, 0L) != body.length || length < -1) {
            throw AuthenticationException.protocolViolation("invalid SASLInitialResponse message");
        }
        return new SaslInitialResponse(new String(body, 0, end, ISO_8859_1), Arrays.copyOfRange(body, start, body.length));
    }

    public byte[] body() {
        byte[] name = mechanism.getBytes(ISO_8859_1);
        return ByteBuffer.allocate(name.length + 1 + Integer.BYTES + data.length)
                .put(name)
                .put((byte) 0)
                .putInt(data.length)
                .put(data)
                .array();
    }
}
