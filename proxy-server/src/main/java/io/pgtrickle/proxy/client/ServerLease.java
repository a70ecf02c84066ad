// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.pgtrickle.proxy.auth.Route;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.backend.ServerLink;
import io.pgtrickle.proxy.config.PoolMode;
import io.pgtrickle.proxy.intercept.SessionPort;
import io.pgtrickle.proxy.pool.ServerPool;
import io.pgtrickle.proxy.pool.ServerPool.Borrower;
import io.pgtrickle.proxy.pool.ServerPool.Request;
import io.pgtrickle.proxy.pool.ServerPool.Wish;
import io.pgtrickle.proxy.prepared.SharedStatement;
import io.pgtrickle.proxy.state.SessionState;
import io.pgtrickle.proxy.state.SettingsReplay;
import io.pgtrickle.wire.backend.BackendMessage.DataRow;
import io.pgtrickle.wire.backend.BackendMessage.ParameterStatus;
import io.pgtrickle.wire.backend.BackendType;
import io.pgtrickle.wire.backend.Report;
import io.pgtrickle.wire.frontend.FrontendMessage.Close;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import io.pgtrickle.wire.frontend.FrontendMessage.Sync;
import io.pgtrickle.wire.frontend.FrontendMessage.Target;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * When a session asks for a server connection and when it gives it back, what a connection is told before the session uses it, and what
 * the client is told of parameters that have changed meanwhile (PostgreSQL manual 54.2.7). Lives on the session's event loop.
 */
final class ServerLease {

    /** Connections are shared by clients that differ in it. */
    private static final String APPLICATION_NAME = "application_name";

    private final ServerPool pool;
    private final EventLoop loop;
    private final Borrower borrower;
    private final SessionPort client;
    private final ServerLink link = new ServerLink();

    private @Nullable Wish wish;
    private boolean asked;
    private @Nullable Request request;
    /** What the client knows of the server's parameters; empty before it has been told any. */
    private Map<String, String> known = Map.of();
    /** Null when the session has a connection of its own. */
    private @Nullable SessionState state;
    private boolean replaying;
    private boolean asking;
    private boolean ended;

    ServerLease(ServerPool pool, EventLoop loop, Borrower borrower, SessionPort client) {
        this.pool = pool;
        this.loop = loop;
        this.borrower = borrower;
        this.client = client;
    }

    ServerLink link() {
        return link;
    }

    @Nullable ServerConnection server() {
        return link.orNull();
    }

    /** The client is admitted. */
    void open(Wish wished) {
        wish = wished;
        if (wished.isShared()) {
            String application = wished.startup().parameters().get(APPLICATION_NAME);
            state = new SessionState(application == null ? Map.of() : Map.of(APPLICATION_NAME, application));
            wish = wished.without(APPLICATION_NAME);
        }
    }

    /** What the client can be greeted with although there is no connection yet. */
    Optional<Map<String, String>> greeting() {
        Wish wished = wish;
        SessionState session = state;
        if (wished == null || session == null) {
            return Optional.empty();
        }
        Optional<Map<String, String>> greeting = pool.greeting(wished).map(parameters -> {
            var own = new LinkedHashMap<>(parameters);
            own.putAll(session.initial());
            return Collections.unmodifiableMap(own);
        });
        greeting.ifPresent(parameters -> known = parameters);
        return greeting;
    }

    Route route() {
        if (wish == null) {
            throw new IllegalStateException("not admitted yet");
        }
        return wish.route();
    }

    /** As whom the client works on the server; empty before it is admitted. */
    String serverUser() {
        Wish wished = wish;
        return wished == null ? "" : wished.route().user();
    }

    /** Whether a connection is asked for and has not come. */
    boolean isAsking() {
        return asked && !link.isLinked();
    }

    /** Nanoseconds it is asked for by now. */
    long waited() {
        Request waiting = request;
        return waiting == null ? 0 : waiting.waited();
    }

    /** What the client has set it to, as far as it has been told so. */
    Optional<String> applicationName() {
        return Optional.ofNullable(known.get(APPLICATION_NAME));
    }

    /** Whether the server has something complete to carry out: with its Sync, or the end of its COPY data. */
    boolean hasWork() {
        ServerConnection server = link.orNull();
        return server != null && server.replies().isReadyPromised();
    }

    /** Asks for the first connection. */
    void connect() {
        isThere();
    }

    /** What the session has made of its connections; null when it has one of its own. */
    @Nullable SessionState state() {
        return state;
    }

    /** Whether others use the connection before and after; not if the client has logged in to the server itself. */
    boolean isShared() {
        return wish != null && wish.login().isPresent();
    }

    /** Whether connections are logged in when the session gets them. */
    boolean isLoggedIn() {
        return isShared();
    }

    boolean isStatementMode() {
        return wish != null && wish.isShared() && wish.settings().mode() == PoolMode.STATEMENT;
    }

    /**
     * A reply to what the lease has asked on its own account.
     *
     * @return what the client has to be told, if the session cannot go on
     */
    @Nullable Report setupReply(byte type, ByteBuf frame) {
        ServerConnection server = link.server();
        if (type == BackendType.DATA_ROW && state != null && asking) {
            state.answer(DataRow.read(frame), server.charset());
        } else if (type == BackendType.ERROR_RESPONSE) {
            Report report = Report.read(frame.duplicate(), server.charset());
            if (report.isFatal()) {
                return report;
            }
            if (replaying) {
                return Report.fatal(report.field(Report.SQL_STATE).orElse("XX000"), "could not restore the session's settings")
                        .with(Report.DETAIL, report.field(Report.MESSAGE).orElse(""));
            }
        }
        return null;
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
            pool.release(server, isShared(), false);
            return false;
        }
        link.link(server);
        if (state != null) {
            replay(server, state);
        }
        return true;
    }

    /** What is sent from now on comes behind it. */
    private void replay(ServerConnection server, SessionState session) {
        Optional<String> replay = SettingsReplay.query(server.made(), session.made());
        if (replay.isPresent()) {
            server.made(session.made());
            replaying = true;
            server.send(new Query(replay.get()), Owner.SETUP, _ -> {
                replaying = false;
                server.replayEnds();
                tell(server);
            });
            server.replayBegins(known);
        } else {
            tell(server);
        }
    }

    /** Tells the client what the server has said while the client had no connection. */
    private void tell(ServerConnection server) {
        Map<String, String> now = server.parameters();
        if (known != now && !known.isEmpty()) {
            now.forEach((name, value) -> {
                if (!value.equals(known.get(name))) {
                    client.send(new ParameterStatus(name, value));
                }
            });
        }
        known = now;
    }

    /** What the client is told of a parameter that may have been reset: what it started with comes with the next transaction at the latest. */
    Optional<ParameterStatus> reset(ParameterStatus status) {
        String initial = state == null ? null : state.initial().get(status.name());
        if (initial == null || !link.server().isOwn(status)) {
            return Optional.of(status);
        }
        return link.server().parameter(status.name()).equals(Optional.of(initial))
                ? Optional.empty()
                : Optional.of(new ParameterStatus(status.name(), initial));
    }

    /** Between transactions: what was reset too far is set again, before the client learns that it is over. */
    void restart(ServerConnection server) {
        if (state != null) {
            state.restart().ifPresent(query -> {
                server.send(new Query(query), Owner.SETUP);
                server.flush();
            });
        }
    }

    /** As the client knows them, which does not know that its initial settings are not the server's. */
    private static Map<String, String> known(ServerConnection server, SessionState session) {
        Map<String, String> parameters = server.parameters();
        if (server.made().equals(session.made())) {
            return parameters;
        }
        var known = new HashMap<>(parameters);
        session.initial().keySet().forEach(name -> known.computeIfPresent(name, (_, now) -> session.made().getOrDefault(name, now)));
        return known;
    }

    /** Gives the connection back if the session can do without, or asks the server whether it can. */
    void releaseAtRest() {
        ServerConnection server = link.orNull();
        SessionState session = state;
        if (server == null || session == null || !server.isAtRest()) {
            return;
        }
        if (session.isSuspect()) {
            asking = true;
            server.send(
                    new Query(session.question(server.route().user())), Owner.SETUP, succeeded -> answered(server, session, succeeded));
            server.flush();
        } else if (!session.holds() && !closesOwnNames(server)) {
            known = known(server, session);
            link.unlink();
            pool.release(server, true, false);
        }
    }

    /** Statements under names of the session's own would be in others' way. @return whether there were any */
    private static boolean closesOwnNames(ServerConnection server) {
        List<SharedStatement> named = server.statements().takeNamed();
        for (SharedStatement statement : named) {
            server.send(new Close(Target.STATEMENT, statement.name()), Owner.SETUP);
        }
        if (!named.isEmpty()) {
            server.send(new Sync(), Owner.SETUP);
            server.flush();
        }
        return !named.isEmpty();
    }

    private void answered(ServerConnection server, SessionState session, boolean succeeded) {
        asking = false;
        if (succeeded) {
            server.made(session.answered());
        } else {
            session.unanswered();
        }
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
            boolean leaves = state == null || state.isSuspect() || state.holds() || server.statements().hasNamed();
            pool.release(server, clean && isShared(), leaves);
        }
    }
}
