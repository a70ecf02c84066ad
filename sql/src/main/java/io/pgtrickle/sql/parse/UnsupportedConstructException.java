// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.sql.parse;

/** A construct that cannot be maintained incrementally (yet), named in words a user knows. */
public final class UnsupportedConstructException extends Exception {

    private final String construct;

    /** @param construct a noun phrase that completes "… is not supported", e.g. {@code LEFT JOIN} or {@code window function rank()} */
    public UnsupportedConstructException(String construct) {
        super(construct + " is not supported in DIFFERENTIAL mode");
        this.construct = construct;
    }

    public String construct() {
        return construct;
    }
}
