// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.pgtrickle.proxy.auth.Route;
import io.pgtrickle.proxy.config.PoolMode;
import io.pgtrickle.proxy.config.PoolSettings;
import io.pgtrickle.proxy.auth.ServerLogin;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.pool.ServerPool.Borrower;
import io.pgtrickle.proxy.pool.ServerPool.Request;
import io.pgtrickle.proxy.pool.ServerPool.Wish;
import io.pgtrickle.wire.backend.Report;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections to one database as one role. Whoever comes first is served first; connections are lent last in, first out, so that few
 * stay warm. A connection is lent only to clients with the startup parameters it was started with, so that RESET means the same to them;
 * others displace the one that has been idle longest.
 *
 * <p>What is decided is decided under the pool's lock; what follows is done outside, each thing on the event loop of its connection.
 */
final class Pool {

    private static final Logger LOG = LoggerFactory.getLogger(Pool.class);

    private final Route route;
    private final PoolSettings settings;
    private final ServerConnector connector;

    /** The one used last comes first. */
    private final Deque<IdleServer> idle = new ArrayDeque<>();
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    /** Connections there are or will be: idle, lent, being opened. */
    private int total;

    Pool(Route route, PoolSettings settings, ServerConnector connector) {
        this.route = route;
        this.settings = settings;
        this.connector = connector;
    }

    /** One client's wait. */
    private final class Waiting implements Request {
        private final Wish wish;
        private final EventLoop loop;
        private final Borrower borrower;
        private @Nullable ScheduledFuture<?> timeout;

        Waiting(Wish wish, EventLoop loop, Borrower borrower) {
            this.wish = wish;
            this.loop = loop;
            this.borrower = borrower;
        }

        @Override
        public void withdraw() {
            synchronized (Pool.this) {
                waiting.remove(this);
            }
            stopTimeout();
        }

        private void stopTimeout() {
            if (timeout != null) {
                timeout.cancel(false);
            }
        }

        private void startTimeout() {
            long millis = settings.queryWaitTimeout().toMillis();
            if (millis > 0) {
                timeout = loop.schedule(this::timedOut, millis, TimeUnit.MILLISECONDS);
            }
        }

        private void timedOut() {
            boolean waited;
            synchronized (Pool.this) {
                waited = waiting.remove(this);
            }
            if (waited) {
                borrower.unavailable(Report.fatal("08P01", "query_wait_timeout"));
            }
        }
    }

    Request acquire(Wish wish, EventLoop loop, Borrower borrower) {
        var request = new Waiting(wish, loop, borrower);
        Runnable service;
        synchronized (this) {
            service = waiting.isEmpty() ? service(request) : null;
            if (service == null) {
                waiting.add(request);
            }
        }
        if (service == null) {
            request.startTimeout();
        } else {
            service.run();
        }
        return request;
    }

    /** How this request can be served now; null if it has to wait. Called with the lock held. */
    private @Nullable Runnable service(Waiting request) {
        if (request.wish.login().isPresent()) {
            IdleServer fitting = takeFitting(request);
            if (fitting != null) {
                return () -> fitting.moveTo(request.loop, () -> lend(fitting, request));
            }
        }
        if (settings.size() == 0 || total < settings.size()) {
            total++;
            return () -> connect(request);
        }
        IdleServer oldest = idle.pollLast();
        if (oldest != null) {
            return () -> {
                oldest.close();
                connect(request);
            };
        }
        return null;
    }

    /** One on the client's own event loop if there is any. */
    private @Nullable IdleServer takeFitting(Waiting request) {
        IdleServer fitting = null;
        for (Iterator<IdleServer> each = idle.iterator(); each.hasNext(); ) {
            IdleServer server = each.next();
            if (server.isOn(request.loop) && server.fits(request.wish)) {
                each.remove();
                return server;
            }
            if (fitting == null && server.fits(request.wish)) {
                fitting = server;
            }
        }
        if (fitting != null) {
            idle.remove(fitting);
        }
        return fitting;
    }

    private void lend(IdleServer idle, Waiting request) {
        ServerConnection server = idle.server();
        request.stopTimeout();
        if (server.isAtRest()) {
            server.attach(request.borrower);
            request.borrower.lent(server);
        } else {
            server.close();
            connect(request);
        }
    }

    private void connect(Waiting request) {
        request.stopTimeout();
        Supplier<ServerLogin> login = request.wish.login().orElse(null);
        var process = login == null ? null : new LoginProcess(login.get(), request.borrower, () -> removed());
        connector.connect(route, request.wish.startup(), request.wish.isShared(), request.loop, process == null ? request.borrower : process, new ServerConnector.Attempt() {
            @Override
            public void connected(ServerConnection server) {
                if (process == null) {
                    request.borrower.lent(server);
                } else {
                    process.begin(server);
                }
            }

            @Override
            public void failed(Throwable cause) {
                LOG.warn("no connection to {}:{}: {}", route.host(), route.port(), cause.getMessage());
                removed();
                request.borrower.unavailable(Report.fatal("08006", "could not connect to the server at %s:%d".formatted(route.host(), route.port()))
                        .with(Report.DETAIL, String.valueOf(cause.getMessage()))
                        .with(Report.HINT, "Check that PostgreSQL is running there and accepts TCP/IP connections from this host."));
            }
        });
    }

    /** See {@link ServerPool#release}. On the connection's event loop. */
    void release(ServerConnection server, boolean clean, boolean reset) {
        if (!clean || !server.isAtRest()) {
            server.close();
            removed();
        } else if (reset && !settings.resetQuery().isEmpty()) {
            var idleServer = new IdleServer(server, this);
            server.attach(idleServer);
            server.send(new Query(settings.resetQuery()), Owner.SETUP);
            server.flush();
        } else {
            var idleServer = new IdleServer(server, this);
            server.attach(idleServer);
            rest(idleServer);
        }
    }

    /** A connection is ready for the next client. */
    void rest(IdleServer server) {
        synchronized (this) {
            idle.addFirst(server);
        }
        serveWaiting();
    }

    /** An idle connection has ended, or failed to be reset. */
    void lost(IdleServer server) {
        boolean counted;
        synchronized (this) {
            counted = idle.remove(server) || server.isBeingReset();
        }
        if (counted) {
            removed();
        }
    }

    private void removed() {
        synchronized (this) {
            total--;
        }
        serveWaiting();
    }

    private void serveWaiting() {
        while (true) {
            Waiting first;
            Runnable service;
            synchronized (this) {
                first = waiting.peekFirst();
                service = first == null ? null : service(first);
                if (service == null) {
                    return;
                }
                waiting.removeFirst();
            }
            first.loop.execute(service);
        }
    }
}
