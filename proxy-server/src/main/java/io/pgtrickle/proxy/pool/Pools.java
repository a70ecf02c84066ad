// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import io.netty.channel.EventLoop;
import io.pgtrickle.proxy.auth.Route;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.config.PoolSettings;
import io.pgtrickle.proxy.net.Sockets;
import io.pgtrickle.proxy.tls.TlsContexts;
import io.pgtrickle.wire.backend.Report;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** All pools, one for each place clients go to as one role. Thread-safe. */
public final class Pools implements ServerPool {

    private static final long UPKEEP_MILLIS = 250;

    private final ServerConnector connector;
    private final Counts counts = new Counts();
    /** What stays the same when a database moves. */
    private record Key(String entry, String user) {

        static Key of(Route route) {
            return new Key(route.entry(), route.user());
        }
    }

    private final ConcurrentMap<Key, Pool> pools = new ConcurrentHashMap<>();
    private final DatabaseStates states;
    private final Set<Awaited> awaited = ConcurrentHashMap.newKeySet();
    private volatile @Nullable Report ending;

    /**
     * @param connectTimeout for each address of a host; zero means the system's own
     * @param timer where the pools are looked after from time to time
     * @param states of the databases
     */
    public Pools(
            Sockets sockets, Duration connectTimeout, TlsContexts tls, ScheduledExecutorService timer, DatabaseStates states) {
        this.connector = new ServerConnector(sockets, connectTimeout, tls);
        this.states = states;
        timer.scheduleWithFixedDelay(this::upkeep, UPKEEP_MILLIS, UPKEEP_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void upkeep() {
        pools.values().forEach(Pool::upkeep);
        closed();
    }

    @Override
    public Request acquire(Wish wish, EventLoop loop, Borrower borrower) {
        Report reason = ending;
        if (reason != null) {
            borrower.unavailable(reason);
            return () -> {};
        }
        return pool(wish).acquire(wish, loop, borrower);
    }

    @Override
    public Optional<Map<String, String>> greeting(Wish wish) {
        return wish.isShared() ? pool(wish).greeting(wish) : Optional.empty();
    }

    private Pool pool(Wish wish) {
        return pools.computeIfAbsent(Key.of(wish.route()), _ -> new Pool(wish.route(), wish.settings(), connector, counts, this));
    }

    @Override
    public void release(ServerConnection server, boolean clean, boolean reset) {
        Pool pool = pools.get(Key.of(server.route()));
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

    // What the admin console asks for; databases are what clients call them.

    DatabaseStates states() {
        return states;
    }

    /** Somebody waits until something holds. */
    private record Awaited(BooleanSupplier condition, CompletableFuture<Void> done) {}

    /** Completed when the condition, about connections of these pools, holds; it may be asked on any thread. */
    public CompletableFuture<Void> until(BooleanSupplier condition) {
        var waiting = new Awaited(condition, new CompletableFuture<>());
        awaited.add(waiting);
        waiting.done.whenComplete((_, _) -> awaited.remove(waiting));
        closed();
        return waiting.done;
    }

    /** A connection may have gone. */
    public void closed() {
        for (Awaited each : awaited) {
            if (each.condition.getAsBoolean()) {
                each.done.complete(null);
            }
        }
    }

    /**
     * Goes on by other rules.
     *
     * @param places where connections for a route go by now
     * @param rules how they are shared there
     */
    public void reload(UnaryOperator<Route> places, Function<Route, PoolSettings> rules, Duration connectTimeout) {
        connector.timeout(connectTimeout);
        for (Pool pool : pools.values()) {
            Route place = places.apply(pool.route());
            pool.become(place, rules.apply(place));
        }
        serve(_ -> true);
    }

    /** All connections are closed, as soon as they are not in use. */
    public void reconnect(Predicate<String> databases) {
        of(databases).forEach(Pool::reconnect);
    }

    public void closeIdle(Predicate<String> databases) {
        of(databases).forEach(Pool::closeIdle);
    }

    /** All connections are closed at once. */
    public void closeAll(Predicate<String> databases) {
        of(databases).forEach(Pool::closeAll);
    }

    /** Who waits may have a reason to hope again. */
    public void serve(Predicate<String> databases) {
        of(databases).forEach(Pool::serveWaiting);
    }

    /** Nobody gets a connection any more, and this is why. */
    public void end(Report reason) {
        ending = reason;
        pools.values().forEach(pool -> pool.refuseWaiting(reason));
    }

    public boolean hasConnections(Predicate<String> databases) {
        return of(databases).anyMatch(Pool::hasConnections);
    }

    /** Whether there are connections that {@link #reconnect} has not got rid of yet. */
    public boolean hasOutdated(Predicate<String> databases) {
        return of(databases).anyMatch(Pool::hasOutdated);
    }

    private Stream<Pool> of(Predicate<String> databases) {
        return pools.values().stream().filter(pool -> databases.test(pool.route().entry()));
    }

    public List<PoolState> describe() {
        return pools.values().stream().map(Pool::state).toList();
    }
}
