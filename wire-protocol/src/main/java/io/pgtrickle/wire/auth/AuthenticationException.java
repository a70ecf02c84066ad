// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.auth;

/** The peer's message breaks the rules of the exchange, or the peer has not proved who it is; the text may be logged and sent, it holds no secret. */
public final class AuthenticationException extends Exception {

    private final String sqlState;

    private AuthenticationException(String sqlState, String message) {
        super(message);
        this.sqlState = sqlState;
    }

    /** 08P01, the peer does not speak as it should. */
    public static AuthenticationException protocolViolation(String message) {
        return new AuthenticationException("08P01", message);
    }

    /** 0A000, the peer wants what we do not have. */
    public static AuthenticationException notSupported(String message) {
        return new AuthenticationException("0A000", message);
    }

    /** 28000, the peer may not come in this way, whatever its password. */
    public static AuthenticationException refused(String message) {
        return new AuthenticationException("28000", message);
    }

    public String sqlState() {
        return sqlState;
    }
}
