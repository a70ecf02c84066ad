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

    /** Something the parser cannot read; {@code near} is shortened to what fits a message. */
    public static UnsupportedConstructException unreadable(String near) {
        String line = near.strip().replaceAll("\\s+", " ");
        String shown = line.length() > 60 ? line.substring(0, 57) + "..." : line;
        return new UnsupportedConstructException("a construct that could not be read, near \"" + shown + "\",");
    }

    public String construct() {
        return construct;
    }
}
