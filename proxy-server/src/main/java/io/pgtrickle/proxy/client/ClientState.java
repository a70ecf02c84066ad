// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.intercept.Interceptor;
import io.pgtrickle.proxy.net.ClientAddress;
import io.pgtrickle.proxy.tls.TlsState;
import java.net.SocketAddress;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A client as it was a moment ago.
 *
 * @param user whom it has logged in as, or wants to; empty if it has not said yet, and so is {@code database}
 * @param serverUser as whom it works on the server
 * @param connectedAt in nanoseconds, of System.nanoTime; so is {@code requestedAt}
 * @param waited nanoseconds it has waited for a server connection
 * @param server the number of its server connection; 0 for none
 */
public record ClientState(
        long id,
        String user,
        String serverUser,
        String database,
        Phase phase,
        @Nullable SocketAddress remote,
        @Nullable SocketAddress local,
        long connectedAt,
        long requestedAt,
        long waited,
        long server,
        String tls,
        String applicationName,
        int preparedStatements) {

    /** PgBouncer's words for what a client does. */
    public enum Phase {
        LOGIN,
        /** It has a server connection. */
        ACTIVE,
        /** It has none and wants none. */
        IDLE,
        /** It wants one and has none. */
        WAITING,
        /** It is on the admin console. */
        CONSOLE;

        public String text() {
            return this == CONSOLE ? ACTIVE.text() : name().toLowerCase(Locale.ROOT);
        }
    }

    /** From any thread, which may see what was true a moment ago. */
    static ClientState of(ClientSession session) {
        ServerLease lease = session.lease();
        ClientLogin login = session.login();
        ServerConnection server = lease.server();
        Phase phase = switch (session.state()) {
            case LOGIN -> Phase.LOGIN;
            case CONSOLE -> Phase.CONSOLE;
            case READY, LEAVING, FAILED, CLOSED -> server != null ? Phase.ACTIVE : lease.isAsking() ? Phase.WAITING : Phase.IDLE;
        };
        String application = server != null && server.isLoggedIn()
                ? server.parameter("application_name").orElse("")
                : lease.applicationName().orElseGet(() -> login.parameter("application_name"));
        return new ClientState(
                session.id(),
                login.parameter("user"),
                lease.serverUser(),
                login.database(),
                phase,
                ClientAddress.remote(session.channel()),
                ClientAddress.local(session.channel()),
                session.connectedAt(),
                session.requestedAt(),
                lease.waited(),
                server == null ? 0 : server.id(),
                TlsState.of(session.channel()),
                application,
                session.interceptorIfReady().map(Interceptor::preparedStatements).orElse(0));
    }
}
