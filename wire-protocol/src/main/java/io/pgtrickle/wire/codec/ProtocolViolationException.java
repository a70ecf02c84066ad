// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.codec;

/** The peer sent bytes that are not the protocol; the connection cannot go on (SQLSTATE 08P01). No stack trace: it is the peer's fault. */
public final class ProtocolViolationException extends RuntimeException {
    public ProtocolViolationException(String message) {
        super(message, null, false, false);
    }
}
