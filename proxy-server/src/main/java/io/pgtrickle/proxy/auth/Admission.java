// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

/** What the door says to a client that has named its user and database. */
public sealed interface Admission {

    /** Connect to the server first and relay its authentication exchange untouched: the server decides. */
    record PassThrough(Route route) implements Admission {}

    /** Authenticate the client ourselves: call {@link ClientAuthentication#start} and follow its steps. */
    record Authenticate(ClientAuthentication exchange) implements Admission {}

    /** Send this as a FATAL error and close. */
    record Refuse(AuthFailure failure) implements Admission {}
}
