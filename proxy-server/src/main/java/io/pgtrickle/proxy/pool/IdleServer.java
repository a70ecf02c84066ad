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
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A connection that nobody uses at the moment. What the server says meanwhile concerns nobody; it may be reset first. */
final class IdleServer implements ServerListener {

    /** A connection can be lent to clients that differ in these only. */
    private static final Set<String> OF_NO_ACCOUNT = Set.of("user", "database");

    private final ServerConnection server;
    private final Pool pool;
    private final long since = System.nanoTime();
    /** Told how the query that runs on it went. */
    private @Nullable Consumer<Boolean> running;
    private boolean failed;

    IdleServer(ServerConnection server, Pool pool) {
        this.server = server;
        this.pool = pool;
        server.setReading(true); // perhaps its client has not taken the last of what it was sent
    }

    /** Runs a query on our own account, which nobody sees the result of. On the connection's event loop. */
    void run(String query, Consumer<Boolean> then) {
        running = then;
        failed = false;
        server.attach(this);
        server.send(new Query(query), Owner.SETUP);
        server.flush();
    }

    private void ended(boolean good) {
        Consumer<Boolean> then = running;
        running = null;
        if (then != null) {
            then.accept(good);
        }
    }

    /** Whether nobody has used it for so long. */
    boolean hasRested(Duration time) {
        return System.nanoTime() - since >= time.toNanos();
    }

    /** Whether it is being checked or reset. */
    boolean isRunning() {
        return running != null;
    }

    ServerConnection server() {
        return server;
    }

    boolean isOn(EventLoop loop) {
        return server.channel().eventLoop() == loop;
    }

    boolean fits(Wish wish) {
        return sameSettings(server.startup().parameters(), wish.startup().parameters());
    }

    /** As {@link #settings} of both would be equal, without making them: every transaction asks. */
    private static boolean sameSettings(Map<String, String> one, Map<String, String> other) {
        if (count(one) != count(other)) {
            return false;
        }
        for (var each : one.entrySet()) {
            if (!OF_NO_ACCOUNT.contains(each.getKey()) && !each.getValue().equals(other.get(each.getKey()))) {
                return false;
            }
        }
        return true;
    }

    private static int count(Map<String, String> parameters) {
        int count = parameters.size();
        for (String name : OF_NO_ACCOUNT) {
            count -= parameters.containsKey(name) ? 1 : 0;
        }
        return count;
    }

    /** What a connection is started with and clients can differ by. */
    static Map<String, String> settings(Map<String, String> parameters) {
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
    public void reply(Owner owner, byte type, ByteBuf frame) {
        failed |= type == BackendType.ERROR_RESPONSE;
    }

    @Override
    public void received() {
        if (running != null && server.replies().isEmpty()) {
            ended(!failed);
        }
    }

    @Override
    public void closed(boolean explained) {
        if (running != null) {
            ended(false);
        } else {
            pool.lost(this);
        }
    }
}
