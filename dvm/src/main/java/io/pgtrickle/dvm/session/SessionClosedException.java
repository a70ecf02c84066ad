// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.session;

/** The connection ended while the engine was using it; its transaction is gone. */
public final class SessionClosedException extends RuntimeException {
    public SessionClosedException(String message) {
        super(message);
    }

    public SessionClosedException(String message, Throwable cause) {
        super(message, cause);
    }
}
