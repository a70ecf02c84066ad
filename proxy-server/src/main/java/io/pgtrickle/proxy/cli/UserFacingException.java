// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

/** Ends a command with one message for the person at the terminal, without a stack trace. */
final class UserFacingException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int exitCode;

    UserFacingException(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    int exitCode() {
        return exitCode;
    }
}
