// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

/**
 * How many clients there may be; 0 for any number.
 *
 * @param database of the database a client asks for
 * @param user of the user it logs in as
 */
public record ClientLimits(int database, int user) {}
