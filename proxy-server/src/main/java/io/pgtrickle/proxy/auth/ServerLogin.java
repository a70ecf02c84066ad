// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import java.util.Optional;

/** Our own login to a server, after the startup packet was sent. Not thread-safe: one call at a time, used for one connection. */
public interface ServerLogin {

    /** Called first: the hash of the server's certificate (tls-server-end-point, RFC 5929), if the connection has TLS. */
    default void bindTo(Optional<byte[]> endPoint) {}

    /** The next step, given the body (without type byte and length) of an Authentication message ('R') from the server. */
    LoginStep next(byte[] body);
}
