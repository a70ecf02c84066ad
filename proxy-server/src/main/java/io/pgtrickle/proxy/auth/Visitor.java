// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import io.pgtrickle.proxy.config.HbaConnection;
import io.pgtrickle.proxy.net.PeerUser;
import java.net.InetAddress;
import java.util.Optional;

/**
 * A client at the door: whom it says to be, and where it comes from.
 *
 * @param user the "user" startup parameter
 * @param database the "database" startup parameter, or the user's name when it sent none
 * @param replication whether it wants physical replication
 * @param address none on a unix socket
 * @param tls none on a connection that is not encrypted
 * @param process whose process it is, on a Unix socket
 */
public record Visitor(String user, String database, boolean replication, Optional<InetAddress> address, Optional<TlsPeer> tls, Optional<PeerUser> process) {

    /** Of whose process nothing is known. */
    public Visitor(String user, String database, boolean replication, Optional<InetAddress> address, Optional<TlsPeer> tls) {
        this(user, database, replication, address, tls, Optional.empty());
    }

    Optional<String> certificateName() {
        return tls.flatMap(TlsPeer::commonName);
    }

    HbaConnection connection() {
        return new HbaConnection(address, tls.isPresent(), user, database, replication);
    }
}
