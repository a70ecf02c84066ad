// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.backend.ServerListener;
import io.pgtrickle.proxy.pool.ServerPool.Wish;
import io.pgtrickle.wire.backend.BackendType;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** A connection that nobody uses at the moment. What the server says meanwhile concerns nobody; it may be reset first. */
final class IdleServer implements ServerListener {

    /** A connection can be lent to clients that differ in these only. */
    private static final Set<String> OF_NO_ACCOUNT = Set.of("user", "database");

    private final ServerConnection server;
    private final Pool pool;
    private boolean resetting;
    private boolean failed;

    IdleServer(ServerConnection server, Pool pool) {
        this.server = server;
        this.pool = pool;
        this.resetting = !server.replies().isEmpty();
    }

    ServerConnection server() {
        return server;
    }

    boolean isBeingReset() {
        return resetting;
    }

    boolean isOn(EventLoop loop) {
        return server.channel().eventLoop() == loop;
    }

    boolean fits(Wish wish) {
        return settings(server.startup().parameters()).equals(settings(wish.startup().parameters()));
    }

    private static Map<String, String> settings(Map<String, String> parameters) {
        var settings = new HashMap<>(parameters);
        settings.keySet().removeAll(OF_NO_ACCOUNT);
        return settings;
    }

    /** Goes on, on the other event loop, with a connection that lives there. */
    void moveTo(EventLoop loop, Runnable then) {
        Channel channel = server.channel();
        if (channel.eventLoop() == loop) {
            if (loop.inEventLoop()) {
                then.run();
            } else {
                loop.execute(then);
            }
        } else {
            channel.deregister().addListener(_ -> loop.register(channel).addListener(_ -> loop.execute(then)));
        }
    }

    void close() {
        server.close();
    }

    @Override
    public void authentication(ByteBuf frame) {}

    @Override
    public void loggedIn(ByteBuf frame) {}

    @Override
    public void forward(ByteBuf bytes) {
        bytes.release();
    }

    @Override
    public void reply(Owner owner, byte type, ByteBuf frame) {
        failed |= type == BackendType.ERROR_RESPONSE;
    }

    @Override
    public void ready(char status) {}

    @Override
    public void received() {
        if (resetting && server.replies().isEmpty()) {
            if (failed || !server.isAtRest()) {
                server.close();
            } else {
                resetting = false;
                server.made(Map.of());
                pool.rest(this);
            }
        }
    }

    @Override
    public void readComplete() {}

    @Override
    public void writabilityChanged(boolean writable) {}

    @Override
    public void closed(boolean explained) {
        pool.lost(this);
    }
}
