// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.embedded;

/** One way to give up when the thread is interrupted while it waits for a program. */
final class Interruption {

    private Interruption() {}

    static EmbeddedPostgresException of(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new EmbeddedPostgresException("Interrupted while waiting for PostgreSQL", e);
    }
}
