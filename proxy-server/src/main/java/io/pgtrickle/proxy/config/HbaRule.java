// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.util.Optional;
import java.util.Set;

/**
 * One line of auth_hba_file.
 *
 * @param network none for every address, and for a unix socket
 * @param map who is who by the certificate's name; without one the names must be equal
 */
public record HbaRule(
        Transport transport, Names databases, Names users, Optional<HbaNetwork> network, HbaMethod method, ClientCert clientCert, Optional<IdentMap> map) {

    enum Transport { LOCAL, HOST, HOSTSSL, HOSTNOSSL, HOSTGSSENC, HOSTNOGSSENC }

    /** A certificate that is wanted besides what the method asks for. */
    public enum ClientCert { NONE, VERIFY_CA, VERIFY_FULL }

    /**
     * The names of one field.
     *
     * @param same the keyword sameuser: the database is called like the user
     * @param replication the keyword replication: connections for physical replication, which nothing else fits
     */
    record Names(boolean all, boolean same, boolean replication, Set<String> names) {

        Names {
            names = Set.copyOf(names);
        }
    }

    boolean fits(HbaConnection connection) {
        return fitsTransport(connection) && fitsDatabase(connection) && (users.all || users.names.contains(connection.user()));
    }

    private boolean fitsTransport(HbaConnection connection) {
        if (connection.address().isEmpty()) {
            return transport == Transport.LOCAL;
        }
        boolean kind = switch (transport) {
            case LOCAL, HOSTGSSENC -> false;
            case HOST, HOSTNOGSSENC -> true;
            case HOSTSSL -> connection.encrypted();
            case HOSTNOSSL -> !connection.encrypted();
        };
        return kind && (network.isEmpty() || network.get().contains(connection.address().get()));
    }

    private boolean fitsDatabase(HbaConnection connection) {
        if (connection.replication()) {
            return databases.replication;
        }
        return databases.all
                || databases.same && connection.database().equals(connection.user())
                || databases.names.contains(connection.database());
    }
}
