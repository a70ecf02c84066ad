// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.SocketChannel;
import io.pgtrickle.proxy.auth.Route;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.backend.ServerListener;
import io.pgtrickle.wire.frontend.StartupPacket.StartupMessage;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;

/** Connects to servers and sends the startup packet. Thread-safe. */
final class ServerConnector {

    /** What becomes of an attempt; called on the connection's event loop. */
    interface Attempt {

        /** The startup packet is sent; the login follows. */
        void connected(ServerConnection server);

        void failed(Throwable cause);
    }

    private final Class<? extends SocketChannel> channelType;
    private final Duration timeout;

    /** @param timeout for each address of a host; zero means the system's own */
    ServerConnector(Class<? extends SocketChannel> channelType, Duration timeout) {
        this.channelType = channelType;
        this.timeout = timeout;
    }

    void connect(Route route, StartupMessage startup, boolean shared, EventLoop loop, ServerListener listener, Attempt attempt) {
        // Looking up a name blocks.
        Thread.ofVirtual().name("resolve-" + route.host()).start(() -> {
            try {
                var addresses = new ArrayDeque<>(List.of(InetAddress.getAllByName(route.host())));
                loop.execute(() -> connect(addresses, route, startup, shared, loop, listener, attempt));
            } catch (UnknownHostException e) {
                loop.execute(() -> attempt.failed(e));
            }
        });
    }

    private void connect(
            Queue<InetAddress> addresses,
            Route route,
            StartupMessage startup,
            boolean shared,
            EventLoop loop,
            ServerListener listener,
            Attempt attempt) {
        ChannelFuture connecting = new Bootstrap()
                .group(loop)
                .channel(channelType)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) Math.min(Integer.MAX_VALUE, timeout.toMillis()))
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {}
                })
                .connect(new InetSocketAddress(addresses.remove(), route.port()));
        connecting.addListener(_ -> {
            if (connecting.isSuccess()) {
                attempt.connected(started(connecting.channel(), route, startup, shared, listener));
            } else if (!addresses.isEmpty()) {
                connect(addresses, route, startup, shared, loop, listener, attempt);
            } else {
                attempt.failed(connecting.cause());
            }
        });
    }

    private static ServerConnection started(Channel channel, Route route, StartupMessage startup, boolean shared, ServerListener listener) {
        var server = new ServerConnection(channel, route, startup, shared, listener);
        channel.pipeline().addLast(server);
        ByteBuf packet = channel.alloc().buffer();
        startup.write(packet);
        channel.writeAndFlush(packet, channel.voidPromise());
        return server;
    }
}
