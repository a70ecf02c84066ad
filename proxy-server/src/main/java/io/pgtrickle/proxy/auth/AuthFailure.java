// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import io.pgtrickle.wire.auth.AuthenticationException;
import io.pgtrickle.wire.backend.Report;
import java.net.InetAddress;

/**
 * Why a client is not let in, as the FATAL error it is told; says no more than PostgreSQL would.
 *
 * @param hint what to do about it; empty for none
 */
public record AuthFailure(String sqlState, String message, String hint) {

    private static final String INVALID_AUTHORIZATION = "28000";

    public AuthFailure(String sqlState, String message) {
        this(sqlState, message, "");
    }

    public Report report() {
        Report report = Report.fatal(sqlState, message);
        return hint.isEmpty() ? report : report.with(Report.HINT, hint);
    }

    /** One message for a wrong password and for a user that does not exist, so that names cannot be probed. */
    public static AuthFailure wrongPassword(String user) {
        return new AuthFailure("28P01", "password authentication failed for user \"" + user + "\"");
    }

    public static AuthFailure unknownDatabase(String database) {
        return new AuthFailure("3D000", "database \"" + database + "\" does not exist");
    }

    /** For auth_type trust, where PostgreSQL says so too. */
    public static AuthFailure unknownUser(String user) {
        return new AuthFailure(INVALID_AUTHORIZATION, "role \"" + user + "\" does not exist");
    }

    static AuthFailure noCertificate() {
        return new AuthFailure(INVALID_AUTHORIZATION, "connection requires a valid client certificate");
    }

    static AuthFailure wrongCertificate(String user) {
        return new AuthFailure(INVALID_AUTHORIZATION, "certificate authentication failed for user \"" + user + "\"");
    }

    static AuthFailure wrongPeer(String user) {
        return new AuthFailure(INVALID_AUTHORIZATION, "Peer authentication failed for user \"" + user + "\"");
    }

    /** No line of auth_hba_file fits. */
    static AuthFailure noEntry(Visitor visitor) {
        return new AuthFailure(INVALID_AUTHORIZATION, "no pg_hba.conf entry for " + (visitor.replication() ? "replication connection from " : "") + described(visitor));
    }

    /** A line of auth_hba_file says reject. */
    static AuthFailure rejected(Visitor visitor) {
        return new AuthFailure(INVALID_AUTHORIZATION, "pg_hba.conf rejects " + (visitor.replication() ? "replication " : "") + "connection for " + described(visitor));
    }

    private static String described(Visitor visitor) {
        return "host \"" + visitor.address().map(InetAddress::getHostAddress).orElse("[local]") + "\", user \"" + visitor.user() + "\""
                + (visitor.replication() ? "" : ", database \"" + visitor.database() + "\"")
                + (visitor.tls().isPresent() ? ", SSL encryption" : ", no encryption");
    }

    /** For the admin console. */
    static AuthFailure noAdmin(String user) {
        return new AuthFailure("42501", "user \"" + user + "\" may not use the admin console", "Name the user in admin_users or stats_users.");
    }

    /** With auth_type passthrough, where nobody but the server knows passwords. */
    static AuthFailure noSecret(String user) {
        return new AuthFailure(INVALID_AUTHORIZATION, "no password is known of user \"" + user + "\" to use the admin console with",
                "With auth_type = passthrough the server knows the passwords, but the console is not on a server: put this user into auth_file.");
    }

    static AuthFailure of(AuthenticationException e) {
        return new AuthFailure(e.sqlState(), String.valueOf(e.getMessage()));
    }

    /** The peer broke the rules of the exchange. */
    public static AuthFailure protocolViolation(String message) {
        return new AuthFailure("08P01", message);
    }
}
