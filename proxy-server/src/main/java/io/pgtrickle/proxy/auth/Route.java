// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import io.pgtrickle.proxy.config.HostChoice;
import io.pgtrickle.proxy.config.HostPort;

/**
 * Where a client's server connection goes, and the names its startup packet carries there instead of the client's own.
 *
 * @param entry what clients call the database; several names may stand for one database, each with connections of its own
 * @param host the server, the first of several
 * @param hosts the others, and which of them is the right one
 */
public record Route(String entry, String host, int port, String database, String user, HostChoice hosts) {

    /** To one server. */
    public Route(String entry, String host, int port, String database, String user) {
        this(entry, host, port, database, user, HostChoice.ONE);
    }

    /** By way of this one of the hosts. */
    public Route at(HostPort other) {
        return other.host().equals(host) && other.port() == port ? this : new Route(entry, other.host(), other.port(), database, user, hosts);
    }
}
