// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

/** When a client gives its server connection back. */
public enum PoolMode {
    /** When it leaves. */
    SESSION,
    /** At the end of each transaction, unless something of the session's holds it ({@code proxy.state}). */
    TRANSACTION,
    /** After each statement; transaction blocks are refused. */
    STATEMENT;

    /** As configuration files spell it. */
    public String text() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
