// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import io.pgtrickle.wire.auth.AuthenticationException;

/** Why a client is not let in, as the FATAL error it is told; says no more than PostgreSQL would. */
public record AuthFailure(String sqlState, String message) {

    /** One message for a wrong password and for a user that does not exist, so that names cannot be probed. */
    public static AuthFailure wrongPassword(String user) {
        return new AuthFailure("28P01", "password authentication failed for user \"" + user + "\"");
    }

    public static AuthFailure unknownDatabase(String database) {
        return new AuthFailure("3D000", "database \"" + database + "\" does not exist");
    }

    /** For auth_type trust, where PostgreSQL says so too. */
    public static AuthFailure unknownUser(String user) {
        return new AuthFailure("28000", "role \"" + user + "\" does not exist");
    }

    static AuthFailure of(AuthenticationException e) {
        return new AuthFailure(e.sqlState(), String.valueOf(e.getMessage()));
    }

    /** The peer broke the rules of the exchange. */
    public static AuthFailure protocolViolation(String message) {
        return new AuthFailure("08P01", message);
    }
}
