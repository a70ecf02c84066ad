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
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Connects to servers, asks for TLS if that is configured, and sends the startup packet. Thread-safe. */
final class ServerConnector {

    private static final Logger LOG = LoggerFactory.getLogger(ServerConnector.class);

    /** What becomes of an attempt; called on the connection's event loop. */
    interface Attempt {

        /** The startup packet is sent; the login follows. */
        void connected(ServerConnection server);

        /** No place is left. */
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

    /** What a server's name stands for at present, if somebody has asked for it. */
    Optional<List<InetAddress>> addresses(String host) {
        return sockets.names().current(host);
    }

    /** Tries the places that are left. */
    void connect(Places places, Route route, StartupMessage startup, boolean shared, EventLoop loop, ServerListener listener, Attempt attempt) {
        var login = new Login(places, route, startup, shared, loop, listener, attempt);
        Runnable first = () -> next(login, new IOException("there is no server to connect to"));
        if (loop.inEventLoop()) {
            first.run();
        } else {
            loop.execute(first);
        }
    }

    /** What to do with a connection. */
    private record Login(
            Places places, Route route, StartupMessage startup, boolean shared, EventLoop loop, ServerListener listener, Attempt attempt) {

        void begin(Channel channel) {
            var server = new ServerConnection(channel, route.at(places.current().host()), startup, shared, listener);
            channel.pipeline().addLast(server);
            ByteBuf packet = channel.alloc().buffer();
            startup.write(packet);
            channel.writeAndFlush(packet, channel.voidPromise());
            attempt.connected(server);
        }
    }

    // On the login's event loop.

    /** Tries the addresses and then the hosts one after the other. */
    private void next(Login login, Throwable cause) {
        SocketAddress address = login.places.nextAddress();
        if (address != null) {
            connect(address, tls.servers(), login);
        } else if (!login.places.nextHost()) {
            login.attempt.failed(cause);
        } else {
            sockets.find(login.places.current().host()).whenComplete((found, failure) -> login.loop.execute(() -> {
                if (found != null) {
                    login.places.found(found);
                    next(login, cause);
                } else {
                    failed(login, failure.getCause() == null ? failure : failure.getCause());
                }
            }));
        }
    }

    private void failed(Login login, Throwable cause) {
        if (login.places.hasMore()) {
            LOG.debug("no connection to {}: {}; trying the next", login.places.current().host(), cause.getMessage());
        }
        next(login, cause);
    }

    /** Without TLS as well if the handshake fails and {@code secure} allows it. */
    private void connect(SocketAddress address, ServerTls secure, Login login) {
        ChannelFuture connecting = sockets.connect(address, login.loop, timeout, new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                sockets.tune(channel);
            }
        });
        connecting.addListener(_ -> {
            if (!connecting.isSuccess()) {
                failed(login, connecting.cause());
                return;
            }
            Channel channel = connecting.channel();
            String host = login.places.current().host().host();
            secure.secure(channel, host, timeout, new ServerTls.Outcome() {
                @Override
                public void ready() {
                    login.begin(channel);
                }

                @Override
                public void failed(Throwable cause, boolean plainAllowed) {
                    if (plainAllowed) {
                        LOG.warn("{}: {}; going on without TLS", login.places.current().host(), cause.getMessage());
                        connect(address, ServerTls.none(), login);
                    } else {
                        ServerConnector.this.failed(login, cause);
                    }
                }
            });
        });
    }
}
