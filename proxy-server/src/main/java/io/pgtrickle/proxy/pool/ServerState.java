// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import io.pgtrickle.proxy.auth.Route;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.tls.TlsState;
import java.net.SocketAddress;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A server connection as it was a moment ago.
 *
 * @param client the number of the client that uses it; 0 for none
 * @param openedAt in nanoseconds, of System.nanoTime; so is {@code requestedAt}
 * @param outdated whether it is closed as soon as it is not in use
 */
public record ServerState(
        long id,
        long client,
        Route route,
        Phase phase,
        @Nullable SocketAddress remote,
        @Nullable SocketAddress local,
        long openedAt,
        long requestedAt,
        boolean outdated,
        int processId,
        String tls,
        String applicationName,
        int preparedStatements) {

    /** PgBouncer's words for what a server connection does. */
    public enum Phase {
        /** It is being logged in. */
        NEW,
        /** A client uses it. */
        ACTIVE,
        /** Its client is done, a cancel request for it is not. */
        BEING_CANCELED,
        /** Nobody uses it. */
        IDLE,
        /** Nobody has used it for so long that it will be checked first. */
        USED,
        /** It is being checked or reset. */
        TESTED;

        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static ServerState of(ServerConnection server, Phase phase) {
        long client = server.user().clientId();
        return new ServerState(
                server.id(), client, server.route(), phase, server.channel().remoteAddress(), server.channel().localAddress(),
                server.openedAt(), server.requestedAt(), server.isOutdated(), server.key().processId(), TlsState.of(server.channel()),
                client == 0 ? "" : server.parameter("application_name").orElse(""), server.statements().size());
    }
}
