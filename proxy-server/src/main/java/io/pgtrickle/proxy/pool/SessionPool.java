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
import io.pgtrickle.proxy.backend.ServerConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;

/**
 * Session pooling in its simplest form: a new connection for each client, closed when the client leaves. Nothing of one session can
 * reach another. Each server connection lives on its client's event loop. Thread-safe.
 */
public final class SessionPool implements ServerPool {

    private final Class<? extends SocketChannel> channelType;
    private final Duration connectTimeout;

    /** @param connectTimeout for each address of a host; zero means the system's own */
    public SessionPool(Class<? extends SocketChannel> channelType, Duration connectTimeout) {
        this.channelType = channelType;
        this.connectTimeout = connectTimeout;
    }

    @Override
    public void acquire(Wish wish, EventLoop loop, Borrower borrower) {
        // Looking up a name blocks.
        Thread.ofVirtual().name("resolve-" + wish.route().host()).start(() -> {
            try {
                var addresses = new ArrayDeque<>(List.of(InetAddress.getAllByName(wish.route().host())));
                loop.execute(() -> connect(addresses, wish, loop, borrower));
            } catch (UnknownHostException e) {
                loop.execute(() -> borrower.unavailable(e, wish.route()));
            }
        });
    }

    private void connect(Queue<InetAddress> addresses, Wish wish, EventLoop loop, Borrower borrower) {
        ChannelFuture connecting = new Bootstrap()
                .group(loop)
                .channel(channelType)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) Math.min(Integer.MAX_VALUE, connectTimeout.toMillis()))
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {}
                })
                .connect(new InetSocketAddress(addresses.remove(), wish.route().port()));
        connecting.addListener(_ -> {
            if (connecting.isSuccess()) {
                lend(connecting.channel(), wish, borrower);
            } else if (!addresses.isEmpty()) {
                connect(addresses, wish, loop, borrower);
            } else {
                borrower.unavailable(connecting.cause(), wish.route());
            }
        });
    }

    private static void lend(Channel channel, Wish wish, Borrower borrower) {
        var server = new ServerConnection(channel, wish.route(), borrower);
        channel.pipeline().addLast(server);
        ByteBuf packet = channel.alloc().buffer();
        wish.startup().write(packet);
        channel.writeAndFlush(packet, channel.voidPromise());
        borrower.lent(server);
    }

    @Override
    public void release(ServerConnection server) {
        server.close();
    }
}
