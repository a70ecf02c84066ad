// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

/** Our own login to a server, after the startup packet was sent. Not thread-safe: one call at a time, used for one connection. */
public interface ServerLogin {

    /** The next step, given the body (without type byte and length) of an Authentication message ('R') from the server. */
    LoginStep next(byte[] body);
}
