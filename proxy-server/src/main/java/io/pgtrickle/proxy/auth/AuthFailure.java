// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

/** Why a client is not let in, as the FATAL error it is told; says no more than PostgreSQL would. */
public record AuthFailure(String sqlState, String message) {

    /** One message for a wrong password and for a user that does not exist, so that names cannot be probed. */
    public static AuthFailure wrongPassword(String user) {
        return new AuthFailure("28P01", "password authentication failed for user \"" + user + "\"");
    }

    public static AuthFailure unknownDatabase(String database) {
        return new AuthFailure("3D000", "database \"" + database + "\" does not exist");
    }

    /** The peer broke the rules of the exchange. */
    public static AuthFailure protocolViolation(String message) {
        return new AuthFailure("08P01", message);
    }
}
