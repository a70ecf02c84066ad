// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import io.pgtrickle.proxy.auth.Route;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.tls.TlsContexts;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** All pools, one for each place clients go to as one role. Thread-safe. */
public final class Pools implements ServerPool {

    private static final long UPKEEP_MILLIS = 250;

    private final ServerConnector connector;
    private final Counts counts = new Counts();
    private final ConcurrentMap<Route, Pool> pools = new ConcurrentHashMap<>();

    /**
     * @param connectTimeout for each address of a host; zero means the system's own
     * @param timer where the pools are looked after from time to time
     */
    public Pools(Class<? extends SocketChannel> channelType, Duration connectTimeout, TlsContexts tls, ScheduledExecutorService timer) {
        this.connector = new ServerConnector(channelType, connectTimeout, tls);
        timer.scheduleWithFixedDelay(() -> pools.values().forEach(Pool::upkeep), UPKEEP_MILLIS, UPKEEP_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    public Request acquire(Wish wish, EventLoop loop, Borrower borrower) {
        return pool(wish).acquire(wish, loop, borrower);
    }

    @Override
    public Optional<Map<String, String>> greeting(Wish wish) {
        return wish.isShared() ? pool(wish).greeting(wish) : Optional.empty();
    }

    private Pool pool(Wish wish) {
        return pools.computeIfAbsent(wish.route(), route -> new Pool(route, wish.settings(), connector, counts, this));
    }

    @Override
    public void release(ServerConnection server, boolean clean, boolean reset) {
        Pool pool = pools.get(server.route());
        if (pool == null) {
            throw new IllegalArgumentException("not from here: " + server.route());
        }
        pool.release(server, clean, reset);
    }

    /** A client of this pool waits; perhaps only because another pool has connections it does not use. */
    void makeRoom(Pool needy) {
        for (Pool pool : pools.values()) {
            if (pool != needy && share(pool.route(), needy.route())) {
                var given = pool.giveUpOne();
                if (given.isPresent()) {
                    pool.gaveUp(given.get());
                    return;
                }
            }
        }
    }

    /** A pool has a connection that nobody uses; somebody who waits in another may need its place. */
    void offer(Pool rich) {
        for (Pool pool : pools.values()) {
            if (pool != rich && pool.hasWaiting() && pool.isLimitedElsewhere() && share(pool.route(), rich.route())) {
                rich.giveUpOne().ifPresent(rich::gaveUp);
                return;
            }
        }
    }

    /** A connection has gone, which may let another pool open one. */
    void hasRoom(Pool poorer) {
        for (Pool pool : pools.values()) {
            if (pool != poorer && pool.hasWaiting() && share(pool.route(), poorer.route())) {
                pool.serveWaiting();
            }
        }
    }

    /** Whether a limit of connections can concern both. */
    private static boolean share(Route one, Route other) {
        return one.user().equals(other.user()) || one.entry().equals(other.entry());
    }
}
