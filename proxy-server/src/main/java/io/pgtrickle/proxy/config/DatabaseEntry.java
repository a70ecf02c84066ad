// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import io.pgtrickle.wire.auth.StoredSecret;
import java.util.Optional;

/**
 * One line of [databases]: where a database is and who we are there.
 *
 * @param server the server, the first of several; the default server when absent
 * @param database the name there; the name the client asked for when absent
 * @param user the user every client becomes there; the client's own name when absent
 * @param password that user's password; if there is none, auth_file may hold it
 * @param lookup what it says itself of looking up users
 * @param hosts the other servers, and which of them is the right one
 */
public record DatabaseEntry(Optional<HostPort> server, Optional<String> database, Optional<String> user, StoredSecret password, AuthLookup lookup, HostChoice hosts) {

    /** The default server's database of the same name, as the client's own user. */
    public static final DatabaseEntry SAME = new DatabaseEntry(Optional.empty(), Optional.empty(), Optional.empty(), new StoredSecret.None());

    /** Users are looked up as for every database. */
    public DatabaseEntry(Optional<HostPort> server, Optional<String> database, Optional<String> user, StoredSecret password) {
        this(server, database, user, password, AuthLookup.UNSET);
    }

    /** On one server. */
    public DatabaseEntry(Optional<HostPort> server, Optional<String> database, Optional<String> user, StoredSecret password, AuthLookup lookup) {
        this(server, database, user, password, lookup, HostChoice.ONE);
    }
}
