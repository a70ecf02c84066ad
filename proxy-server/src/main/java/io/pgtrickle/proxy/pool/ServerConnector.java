// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.pgtrickle.proxy.auth.Route;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.backend.ServerListener;
import io.pgtrickle.proxy.net.Sockets;
import io.pgtrickle.proxy.tls.ServerTls;
import io.pgtrickle.proxy.tls.TlsContexts;
import io.pgtrickle.wire.frontend.StartupPacket.StartupMessage;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Connects to servers, asks for TLS if that is configured, and sends the startup packet. Thread-safe. */
final class ServerConnector {

    private static final Logger LOG = LoggerFactory.getLogger(ServerConnector.class);

    /** What becomes of an attempt; called on the connection's event loop. */
    interface Attempt {

        /** The startup packet is sent; the login follows. */
        void connected(ServerConnection server);

        void failed(Throwable cause);
    }

    private final Sockets sockets;
    private volatile Duration timeout;
    private final TlsContexts tls;

    /** @param timeout for each address of a host; zero means the system's own */
    ServerConnector(Sockets sockets, Duration timeout, TlsContexts tls) {
        this.tls = tls;
        this.sockets = sockets;
        this.timeout = timeout;
    }

    void timeout(Duration other) {
        timeout = other;
    }

    void connect(Route route, StartupMessage startup, boolean shared, EventLoop loop, ServerListener listener, Attempt attempt) {
        // Looking up a name blocks.
        Thread.ofVirtual().name("resolve-" + route.host()).start(() -> {
            try {
                var addresses = new ArrayDeque<>(List.of(InetAddress.getAllByName(route.host())));
                loop.execute(() -> connect(addresses, tls.servers(), new Login(route, startup, shared, loop, listener, attempt)));
            } catch (UnknownHostException e) {
                loop.execute(() -> attempt.failed(e));
            }
        });
    }

    /** What to do with a connection. */
    private record Login(Route route, StartupMessage startup, boolean shared, EventLoop loop, ServerListener listener, Attempt attempt) {

        void begin(Channel channel) {
            var server = new ServerConnection(channel, route, startup, shared, listener);
            channel.pipeline().addLast(server);
            ByteBuf packet = channel.alloc().buffer();
            startup.write(packet);
            channel.writeAndFlush(packet, channel.voidPromise());
            attempt.connected(server);
        }
    }

    /** Tries the addresses one after the other, each of them without TLS as well if the handshake fails and {@code secure} allows it. */
    private void connect(Deque<InetAddress> addresses, ServerTls secure, Login login) {
        InetAddress address = addresses.remove();
        ChannelFuture connecting = connecting(address, login);
        connecting.addListener(_ -> {
            if (!connecting.isSuccess()) {
                next(addresses, login, connecting.cause());
                return;
            }
            Channel channel = connecting.channel();
            secure.secure(channel, login.route().host(), timeout, new ServerTls.Outcome() {
                @Override
                public void ready() {
                    login.begin(channel);
                }

                @Override
                public void failed(Throwable cause, boolean plainAllowed) {
                    if (plainAllowed) {
                        LOG.warn("{}:{}: {}; going on without TLS", login.route().host(), login.route().port(), cause.getMessage());
                        addresses.addFirst(address);
                        connect(addresses, ServerTls.none(), login);
                    } else {
                        next(addresses, login, cause);
                    }
                }
            });
        });
    }

    private void next(Deque<InetAddress> addresses, Login login, Throwable cause) {
        if (addresses.isEmpty()) {
            login.attempt().failed(cause);
        } else {
            connect(addresses, tls.servers(), login);
        }
    }

    private ChannelFuture connecting(InetAddress address, Login login) {
        return sockets.connect(new InetSocketAddress(address, login.route().port()), login.loop(), timeout, new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                sockets.tune(channel);
            }
        });
    }
}
