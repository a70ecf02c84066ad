// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.driver;

/** What JDBC hides: {@code statement.unwrap(CommandTag.class)} tells how PostgreSQL calls what was done. */
public interface CommandTag {

    /** The tag of the current result of a statement about stream tables, e.g. {@code SELECT 5}; else empty. */
    String commandTag();
}
