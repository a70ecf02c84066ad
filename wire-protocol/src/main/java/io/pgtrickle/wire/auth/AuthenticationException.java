// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.auth;

/** The peer's message breaks the rules of the exchange, or the peer has not proved who it is; the text may be logged, it holds no secret. */
public final class AuthenticationException extends Exception {

    public AuthenticationException(String message) {
        super(message);
    }

    public AuthenticationException(String message, Throwable cause) {
        super(message, cause);
    }
}
