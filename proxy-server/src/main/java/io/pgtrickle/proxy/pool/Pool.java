// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import io.netty.channel.EventLoop;
import io.pgtrickle.proxy.auth.Route;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.config.PoolSettings;
import io.pgtrickle.proxy.pool.ServerPool.Borrower;
import io.pgtrickle.proxy.pool.ServerPool.Request;
import io.pgtrickle.proxy.pool.ServerPool.Wish;
import io.pgtrickle.wire.backend.Report;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
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

    private static final int MAX_GREETINGS = 100;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);

    /** Where it connects to; what is open may be elsewhere still. */
    private volatile Route route;
    private volatile PoolSettings settings;
    private final ServerConnector connector;
    private final Counts counts;
    private final Pools pools;

    /** The one used last comes first. */
    private final Deque<IdleServer> idle = new ArrayDeque<>();
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private final Members members;
    /** Connections there are or will be: idle, lent, being opened. */
    private int total;
    /** What the last client wanted, to open connections for nobody in particular. */
    private @Nullable Waiting last;
    private long pauseUntil = System.nanoTime();
    private Duration pause = Duration.ZERO;
    private @Nullable Report failure;
    private final AtomicInteger turns = new AtomicInteger();
    /** What a server has reported to clients with such startup parameters. */
    private final Map<Map<String, String>, Map<String, String>> greetings = new HashMap<>();

    Pool(Route route, PoolSettings settings, ServerConnector connector, Counts counts, Pools pools) {
        this.route = route;
        this.settings = settings;
        this.connector = connector;
        this.counts = counts;
        this.pools = pools;
        this.members = new Members(pools::closed);
    }

    Route route() {
        return route;
    }

    synchronized Optional<Map<String, String>> greeting(Wish wish) {
        return Optional.ofNullable(greetings.get(IdleServer.settings(wish.startup().parameters())));
    }

    Request acquire(Wish wish, EventLoop loop, Borrower borrower) {
        var request = new Waiting(this, wish, loop, borrower);
        Report known;
        Runnable service;
        synchronized (this) {
            last = request;
            known = total == 0 && isPausing() && !isPaused() ? failure : null;
            service = known == null && waiting.isEmpty() ? service(request) : null;
            if (known == null && service == null) {
                waiting.add(request);
            }
        }
        if (known != null) {
            borrower.unavailable(known);
        } else if (service != null) {
            service.run();
        } else {
            request.startTimers(settings.waiting());
            if (isLimitedElsewhere()) {
                pools.makeRoom(this);
            }
        }
        return request;
    }

    /** Whether only a limit over several pools forbids one more connection. */
    synchronized boolean isLimitedElsewhere() {
        PoolSettings.Sizes sizes = settings.sizes();
        return (sizes.database() > 0 || sizes.user() > 0) && (sizes.size() == 0 || total < sizes.size()) && !isPausing();
    }

    /** Whether it was waiting still. */
    synchronized boolean withdraw(Waiting request) {
        return waiting.remove(request);
    }

    synchronized boolean isWaiting(Waiting request) {
        return waiting.contains(request);
    }

    /** How this request can be served now; null if it has to wait. Called with the lock held. */
    private @Nullable Runnable service(Waiting request) {
        if (isPaused()) {
            return null;
        }
        if (request.wish().login().isPresent()) {
            IdleServer fitting = takeFitting(request);
            if (fitting != null) {
                return () -> fitting.moveTo(request.loop(), () -> lend(fitting, request));
            }
        }
        if (mayOpen(request) && counts.add(route, settings.sizes())) {
            total++;
            return () -> connect(request);
        }
        IdleServer oldest = isPausing() ? null : idle.pollLast();
        return oldest == null
                ? null
                : () -> {
                    oldest.close();
                    connect(request);
                };
    }

    private boolean mayOpen(Waiting request) {
        PoolSettings.Sizes sizes = settings.sizes();
        boolean room = sizes.size() == 0
                || total < sizes.size()
                || total < sizes.size() + sizes.reserve() && request.hasWaited(sizes.reserveTimeout());
        return room && !isPausing();
    }

    /** By the admin console. */
    private boolean isPaused() {
        return pools.states().isPaused(route.entry());
    }

    private boolean isPausing() {
        return System.nanoTime() - pauseUntil < 0;
    }

    /** One on the client's own event loop if there is any. */
    private @Nullable IdleServer takeFitting(Waiting request) {
        IdleServer fitting = null;
        for (Iterator<IdleServer> each = idle.iterator(); each.hasNext(); ) {
            IdleServer server = each.next();
            if (server.fits(request.wish())) {
                if (server.isOn(request.loop()) && !settings.upkeep().roundRobin()) {
                    each.remove();
                    return server;
                }
                fitting = fitting == null ? server : fitting;
            }
        }
        if (fitting != null) {
            idle.remove(fitting);
        }
        return fitting;
    }

    // On the client's event loop.

    private void lend(IdleServer idle, Waiting request) {
        if (!idle.server().isAtRest()) {
            idle.close();
            again(request);
        } else if (!settings.upkeep().checkDelay().isZero() && idle.hasRested(settings.upkeep().checkDelay())) {
            idle.run(settings.queries().check(), good -> {
                if (good) {
                    lendChecked(idle.server(), request);
                } else {
                    idle.close();
                    again(request);
                }
            });
        } else {
            lendChecked(idle.server(), request);
        }
    }

    /** With the place of a connection that has turned out to be gone. */
    private void again(Waiting request) {
        connect(request);
    }

    private void lendChecked(ServerConnection server, Waiting request) {
        request.stopTimers();
        if (request.isWithdrawn()) {
            release(server, true, false);
        } else {
            members.lent(request.waited());
            server.attach(request.borrower());
            request.borrower().lent(server);
        }
    }

    private void connect(Waiting request) {
        new Opening(this, connector, members, request.wish().to(route), new Places(route, turns.getAndIncrement()), request).begin();
    }

    void opened(ServerConnection server, Waiting request) {
        synchronized (this) {
            failure = null;
            pause = Duration.ZERO;
            if (greetings.size() < MAX_GREETINGS) {
                greetings.put(IdleServer.settings(server.startup().parameters()), server.parameters());
            }
        }
        if (settings.queries().connect().isEmpty()) {
            lendChecked(server, request);
            return;
        }
        var idleServer = new IdleServer(server, this);
        server.attach(idleServer);
        idleServer.run(settings.queries().connect(), good -> {
            if (!good) {
                LOG.warn("connect_query has failed on {}", server.channel());
            }
            if (server.isAtRest()) {
                lendChecked(server, request);
            } else {
                idleServer.close();
                notOpened(Report.fatal("08006", "connect_query has ended the server connection"), request);
            }
        });
    }

    /** Nobody else tries for a while; who can wait for a connection there is does so. */
    void notOpened(Report report, Waiting request) {
        List<Waiting> hopeless = new ArrayList<>();
        request.startTimers(settings.waiting());
        synchronized (this) {
            failure = report;
            greetings.clear();
            Duration longest = settings.waiting().loginRetry();
            pause = pause.isZero() ? FIRST_PAUSE : pause.multipliedBy(2);
            pause = pause.compareTo(longest) > 0 ? longest : pause;
            pauseUntil = System.nanoTime() + pause.toNanos();
            if (total > 1 && !request.isWithdrawn()) {
                waiting.addFirst(request);
            } else {
                hopeless.add(request);
                hopeless.addAll(waiting);
                waiting.clear();
            }
        }
        removed();
        hopeless.forEach(each -> each.loop().execute(() -> each.fail(report)));
    }

    /** See {@link ServerPool#release}. On the connection's event loop. */
    void release(ServerConnection server, boolean clean, boolean reset) {
        if (!clean || !server.isAtRest()) {
            server.close();
            removed();
            return;
        }
        var idleServer = new IdleServer(server, this);
        server.attach(idleServer);
        if (isOlder(server, settings.upkeep().lifetime()) || isUnwanted(server)) {
            idleServer.close();
            removed();
        } else if ((reset || settings.queries().resetAlways()) && !settings.queries().reset().isEmpty()) {
            idleServer.run(settings.queries().reset(), good -> {
                if (good && server.isAtRest()) {
                    server.made(Map.of());
                    rest(idleServer);
                } else {
                    idleServer.close();
                    removed();
                }
            });
        } else {
            rest(idleServer);
        }
    }

    /** Whether nobody is to use it any more. */
    private boolean isUnwanted(ServerConnection server) {
        return isPaused() || server.isOutdated() || route.hosts().target().isOutlived(server.parameters());
    }

    private static boolean isOlder(ServerConnection server, Duration age) {
        return !age.isZero() && System.nanoTime() - server.openedAt() > age.toNanos();
    }

    /** A connection is ready for the next client. */
    private void rest(IdleServer server) {
        boolean unwanted;
        synchronized (this) {
            unwanted = isUnwanted(server.server());
            if (unwanted) {
                LOG.debug("{}: not to be used any more", server.server().channel());
            } else if (settings.upkeep().roundRobin()) {
                idle.addLast(server);
            } else {
                idle.addFirst(server);
            }
        }
        if (unwanted) {
            server.close();
            removed();
            return;
        }
        serveWaiting();
        if (settings.sizes().database() > 0 || settings.sizes().user() > 0) {
            pools.offer(this);
        }
    }

    /** An idle connection has ended. */
    void lost(IdleServer server) {
        boolean counted;
        synchronized (this) {
            counted = idle.remove(server);
        }
        if (counted) {
            removed();
        }
    }

    void removed() {
        synchronized (this) {
            total--;
        }
        counts.remove(route);
        serveWaiting();
        pools.hasRoom(this);
    }

    void serveWaiting() {
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
            first.loop().execute(service);
        }
    }

    // Upkeep.

    /** Connections to addresses that their host does not have any more are closed: at once, or when their client gives them back. */
    private void followNames() {
        for (ServerConnection server : members.all()) {
            if (server.channel().remoteAddress() instanceof InetSocketAddress there
                    && connector.addresses(server.route().host()).filter(known -> !known.isEmpty() && !known.contains(there.getAddress())).isPresent()) {
                server.outdate();
            }
        }
        List<IdleServer> gone;
        synchronized (this) {
            gone = idle.stream().filter(server -> server.server().isOutdated()).toList();
            idle.removeAll(gone);
        }
        gone.forEach(this::gaveUp);
    }

    /** From time to time: closes what is idle or old, opens what is missing, gives the reserve to who has waited for long. */
    void upkeep() {
        followNames();
        List<IdleServer> done = new ArrayList<>();
        Waiting model;
        synchronized (this) {
            PoolSettings.Sizes sizes = settings.sizes();
            for (Iterator<IdleServer> oldest = idle.descendingIterator(); oldest.hasNext(); ) {
                IdleServer server = oldest.next();
                boolean tooMany = sizes.size() > 0 && total - done.size() > sizes.size();
                boolean rested = total - done.size() > sizes.min() && !settings.upkeep().idleTimeout().isZero()
                        && server.hasRested(settings.upkeep().idleTimeout());
                if (tooMany && server.hasRested(sizes.reserveTimeout()) || rested || isOlder(server.server(), settings.upkeep().lifetime())) {
                    oldest.remove();
                    done.add(server);
                }
            }
            boolean missing = total < sizes.min() && !isPausing() && !isPaused() && last != null && last.wish().isShared();
            model = missing && counts.add(route, sizes) ? last : null;
            if (model != null) {
                total++;
            }
        }
        done.forEach(server -> {
            server.close();
            removed();
        });
        if (model != null) {
            connect(new Waiting(this, model.wish(), model.loop(), new NobodyYet(this)));
        }
        serveWaiting();
    }

    /** Somebody waits for a connection that a limit over several pools forbids: one that nobody uses makes room. */
    Optional<IdleServer> giveUpOne() {
        synchronized (this) {
            return Optional.ofNullable(idle.pollLast());
        }
    }

    void gaveUp(IdleServer server) {
        server.close();
        removed();
    }

    synchronized boolean hasWaiting() {
        return !waiting.isEmpty();
    }

    // What the admin console asks for.

    /** From now on. Connections to another place than this one are closed when they are not in use. */
    void become(Route place, PoolSettings rules) {
        boolean moved = !place.equals(route);
        route = place;
        settings = rules;
        if (moved) {
            reconnect();
        }
    }

    /** Connections opened until now are closed: at once, or when their client gives them back. */
    void reconnect() {
        members.outdate();
        closeIdle();
    }

    void closeIdle() {
        List<IdleServer> unused;
        synchronized (this) {
            unused = List.copyOf(idle);
            idle.clear();
        }
        unused.forEach(this::gaveUp);
    }

    /** Whoever uses it. */
    void closeAll() {
        closeIdle();
        members.all().forEach(server -> server.channel().eventLoop().execute(server::close));
    }

    /** Nobody gets a connection any more. */
    void refuseWaiting(Report report) {
        List<Waiting> hopeless;
        synchronized (this) {
            hopeless = List.copyOf(waiting);
            waiting.clear();
        }
        hopeless.forEach(each -> each.loop().execute(() -> each.fail(report)));
    }

    boolean hasOutdated() {
        return members.hasOutdated();
    }

    synchronized boolean hasConnections() {
        return total > 0 || !members.isEmpty();
    }

    PoolState state() {
        List<ServerState> servers = members.all().stream()
                .map(server -> ServerState.of(server, phase(server)))
                .toList();
        synchronized (this) {
            Waiting first = waiting.peekFirst();
            return new PoolState(route, settings, waiting.size(), first == null ? 0 : first.waited(), total, servers, members.figures());
        }
    }

    private ServerState.Phase phase(ServerConnection server) {
        if (!server.isLoggedIn()) {
            return ServerState.Phase.NEW;
        }
        return switch (server.user()) {
            case IdleServer resting when resting.isRunning() -> ServerState.Phase.TESTED;
            case IdleServer resting when !settings.upkeep().checkDelay().isZero() && resting.hasRested(settings.upkeep().checkDelay()) ->
                ServerState.Phase.USED;
            case IdleServer _, NobodyYet _ -> ServerState.Phase.IDLE;
            default -> server.isBeingCanceled() ? ServerState.Phase.BEING_CANCELED : ServerState.Phase.ACTIVE;
        };
    }
}
