// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import io.netty.channel.EventLoop;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.backend.ServerLink;
import io.pgtrickle.proxy.config.PoolMode;
import io.pgtrickle.proxy.pool.ServerPool;
import io.pgtrickle.proxy.pool.ServerPool.Borrower;
import io.pgtrickle.proxy.pool.ServerPool.Request;
import io.pgtrickle.proxy.pool.ServerPool.Wish;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * When a session asks for a server connection, and what a new one is told before the session uses it: the parameters that the server
 * reports, as this client knows them (PostgreSQL manual 54.2.7). Lives on the session's event loop.
 */
final class ServerLease {

    /** Reported, but not to be set; {@code session_authorization} holds the connection as long as it is another. */
    private static final Set<String> NOT_SET = Set.of(
            "in_hot_standby", "integer_datetimes", "is_superuser", "server_encoding", "server_version", "session_authorization");

    private final ServerPool pool;
    private final EventLoop loop;
    private final Borrower borrower;
    private final ServerLink link = new ServerLink();

    private @Nullable Wish wish;
    private boolean asked;
    private @Nullable Request request;
    /** As the server reported them last; empty before it has. */
    private Map<String, String> reported = Map.of();
    private boolean ended;

    ServerLease(ServerPool pool, EventLoop loop, Borrower borrower) {
        this.pool = pool;
        this.loop = loop;
        this.borrower = borrower;
    }

    ServerLink link() {
        return link;
    }

    @Nullable ServerConnection server() {
        return link.orNull();
    }

    /** Asks for the first connection. */
    void open(Wish wished) {
        wish = wished;
        isThere();
    }

    /** Whether others use the connection before and after; not if the client has logged in to the server itself. */
    boolean isShared() {
        return wish != null && wish.login().isPresent();
    }

    private PoolMode mode() {
        return wish == null ? PoolMode.SESSION : wish.settings().mode();
    }

    /** Whether there is a connection; if not, one is asked for. */
    boolean isThere() {
        Wish wished = wish;
        if (wished != null && !link.isLinked() && !asked) {
            asked = true;
            Request started = pool.acquire(wished, loop, borrower);
            // It may have been served already, and even be over.
            request = asked ? started : null;
        }
        return link.isLinked();
    }

    /** Whether the session can use it; not if it has ended meanwhile. */
    boolean lent(ServerConnection server) {
        asked = false;
        request = null;
        if (ended) {
            pool.release(server, isShared());
            return false;
        }
        link.link(server);
        restore(server);
        return true;
    }

    private void restore(ServerConnection server) {
        String missing = reported.entrySet().stream()
                .filter(parameter -> !NOT_SET.contains(parameter.getKey()))
                .filter(parameter -> !server.parameter(parameter.getKey()).equals(Optional.of(parameter.getValue())))
                .map(parameter -> "pg_catalog.set_config(" + literal(parameter.getKey()) + ", " + literal(parameter.getValue()) + ", false)")
                .collect(Collectors.joining(", "));
        if (!missing.isEmpty()) {
            server.send(new Query("SELECT " + missing), Owner.SETUP);
        }
    }

    /** Means the same whatever standard_conforming_strings is. */
    private static String literal(String text) {
        return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'";
    }

    /** Gives the connection back if the session can do without. */
    boolean releaseAtRest() {
        ServerConnection server = link.orNull();
        if (server == null || mode() == PoolMode.SESSION || !server.isAtRest()) {
            return false;
        }
        if (!reported.equals(server.parameters())) {
            reported = Map.copyOf(server.parameters());
        }
        link.unlink();
        pool.release(server, true);
        return true;
    }

    /** The session ends, or has lost its connection. The link stays, for an engine call that is just finding out. */
    void end(boolean clean) {
        if (ended) {
            return;
        }
        ended = true;
        if (request != null) {
            request.withdraw();
            request = null;
        }
        ServerConnection server = link.orNull();
        if (server != null) {
            pool.release(server, clean && isShared());
        }
    }
}
