// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.util.Optional;

/**
 * How users are looked up that auth_file does not know; what is absent for one database is as it is for all.
 *
 * @param user auth_user: as whom the server is asked; without it nobody is looked up
 * @param query auth_query: with the user's name as $1, the columns name and secret
 * @param database auth_dbname: the entry of [databases] to ask in; the one the client wants when absent
 */
public record AuthLookup(Optional<String> user, Optional<String> query, Optional<String> database) {

    /** Nothing of its own. */
    public static final AuthLookup UNSET = new AuthLookup(Optional.empty(), Optional.empty(), Optional.empty());

    /** PgBouncer's, with every name qualified: an expired password is none. */
    static final String DEFAULT_QUERY = "SELECT rolname, CASE WHEN rolvaliduntil OPERATOR(pg_catalog.<) pg_catalog.now() THEN NULL ELSE rolpassword END"
            + " FROM pg_catalog.pg_authid WHERE rolname OPERATOR(pg_catalog.=) $1 AND rolcanlogin";

    /** This, and what it leaves open from there. */
    public AuthLookup over(AuthLookup general) {
        return new AuthLookup(user.or(general::user), query.or(general::query), database.or(general::database));
    }

    public String queryText() {
        return query.orElse(DEFAULT_QUERY);
    }
}
