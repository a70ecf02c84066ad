// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.embedded;

/** The embedded server cannot be unpacked, created, started or stopped; the message is meant for the person at the terminal. */
public final class EmbeddedPostgresException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    EmbeddedPostgresException(String message) {
        super(message);
    }

    EmbeddedPostgresException(String message, Throwable cause) {
        super(message, cause);
    }
}
