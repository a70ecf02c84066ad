// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import io.pgtrickle.proxy.auth.Route;
import io.pgtrickle.proxy.backend.ServerConnection;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** All pools, one for each place clients go to as one role. Thread-safe. */
public final class Pools implements ServerPool {

    private final ServerConnector connector;
    private final ConcurrentMap<Route, Pool> pools = new ConcurrentHashMap<>();

    /** @param connectTimeout for each address of a host; zero means the system's own */
    public Pools(Class<? extends SocketChannel> channelType, Duration connectTimeout) {
        this.connector = new ServerConnector(channelType, connectTimeout);
    }

    @Override
    public Request acquire(Wish wish, EventLoop loop, Borrower borrower) {
        return pools.computeIfAbsent(wish.route(), route -> new Pool(route, wish.settings(), connector)).acquire(wish, loop, borrower);
    }

    @Override
    public void release(ServerConnection server, boolean clean, boolean reset) {
        Pool pool = pools.get(server.route());
        if (pool == null) {
            throw new IllegalArgumentException("not from here: " + server.route());
        }
        pool.release(server, clean, reset);
    }
}
