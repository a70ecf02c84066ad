// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

/**
 * How clients are received.
 *
 * @param notice what each is told when it has logged in; empty for nothing
 * @param simpleQueries whether they may use the simple protocol
 * @param addressInName whether application_name tells the server where the client is
 */
public record Reception(String notice, boolean simpleQueries, boolean addressInName) {

    /** As PostgreSQL does. */
    public static final Reception PLAIN = new Reception("", true, false);
}
