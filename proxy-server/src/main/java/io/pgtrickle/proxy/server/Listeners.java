// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.server;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.unix.UnixChannelOption;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.NetworkSettings;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.net.ProxyHeader;
import io.pgtrickle.proxy.net.Sockets;
import io.pgtrickle.proxy.net.Transport;
import io.pgtrickle.proxy.net.UnixListener;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where clients knock. Opened by one thread; closed by any, more than once. */
final class Listeners implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Listeners.class);

    private final Transport transport;
    private final Sockets sockets;
    private final Consumer<Channel> session;
    private final List<Channel> channels = new CopyOnWriteArrayList<>();
    private final List<InetSocketAddress> proxied = new CopyOnWriteArrayList<>();
    private volatile @Nullable UnixListener unix;

    /** @param session gives a client's channel its session */
    Listeners(Transport transport, Sockets sockets, Consumer<Channel> session) {
        this.transport = transport;
        this.sockets = sockets;
        this.session = session;
    }

    /** @return the address clients connect to: the first one; if there is only a Unix socket, its directory is the host */
    InetSocketAddress open(ProxyConfig config) throws IOException {
        NetworkSettings network = config.network();
        List<String> missing = Transport.missing(network, transport.isNative());
        if (!missing.isEmpty()) {
            throw new IOException(String.join("; ", missing));
        }
        for (String address : config.listen().addresses()) {
            channels.add(listen(network, new HostPort(address, config.listen().port()), new Clients(Optional.empty())));
        }
        for (HostPort address : network.proxied().listen()) {
            Channel channel = listen(network, address, new Clients(Optional.of(network.proxied())));
            proxied.add((InetSocketAddress) channel.localAddress());
            channels.add(channel);
        }
        List<Channel> tcp = new ArrayList<>(channels);
        boolean onTcp = !config.listen().addresses().isEmpty();
        int port = onTcp ? ((InetSocketAddress) tcp.getFirst().localAddress()).getPort() : config.listen().port();
        openUnix(network, port, !onTcp);
        return onTcp
                ? (InetSocketAddress) tcp.getFirst().localAddress()
                : InetSocketAddress.createUnresolved(network.unix().directory(), port);
    }

    private void openUnix(NetworkSettings network, int port, boolean onlyOne) throws IOException {
        if (network.unix().directory().isEmpty()) {
            return;
        }
        try {
            unix = UnixListener.open(network.unix(), port, network.listening().backlog(), transport, new Clients(Optional.empty()));
        } catch (IOException e) {
            if (network.unix().demanded() || onlyOne) {
                throw e;
            }
            LOG.warn("no Unix socket: {}", e.getMessage());
        }
    }

    /** Where load balancers connect to. */
    List<InetSocketAddress> proxied() {
        return List.copyOf(proxied);
    }

    /** What a new client's channel is given. */
    @Sharable
    private final class Clients extends ChannelInitializer<Channel> {

        private final Optional<NetworkSettings.Proxied> announced;

        Clients(Optional<NetworkSettings.Proxied> announced) {
            this.announced = announced;
        }

        @Override
        protected void initChannel(Channel channel) {
            sockets.tune(channel);
            announced.ifPresent(settings -> ProxyHeader.expect(channel, settings));
            session.accept(channel);
        }
    }

    private Channel listen(NetworkSettings network, HostPort address, Clients clients) throws IOException {
        var bootstrap = new ServerBootstrap()
                .group(transport.group())
                .channel(transport.listening())
                .option(ChannelOption.SO_BACKLOG, network.listening().backlog())
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childHandler(clients);
        if (network.listening().reusePort()) {
            bootstrap.option(UnixChannelOption.SO_REUSEPORT, true);
        }
        var endpoint = address.host().equals("*") ? new InetSocketAddress(address.port()) : new InetSocketAddress(address.host(), address.port());
        if (endpoint.isUnresolved()) {
            throw new BindException("cannot listen on " + address + ": there is no host \"" + address.host() + "\"");
        }
        var binding = bootstrap.bind(endpoint).awaitUninterruptibly();
        if (!binding.isSuccess()) {
            var failure = new BindException("cannot listen on " + address + ": " + Sockets.reason(binding.cause()));
            failure.initCause(binding.cause());
            throw failure;
        }
        Channel channel = binding.channel();
        defer(channel, network);
        LOG.info("listening on {}", channel.localAddress());
        return channel;
    }

    private void defer(Channel listener, NetworkSettings network) {
        if (transport.isNative()) {
            listener.config().setOption(EpollChannelOption.TCP_DEFER_ACCEPT, network.listening().deferAccept());
        }
    }

    /** What can change while they are open. */
    void reload(NetworkSettings network) {
        sockets.reload(network);
        channels.forEach(channel -> defer(channel, network));
    }

    /** Nobody is let in any more. */
    @Override
    public void close() {
        channels.forEach(Channel::close);
        UnixListener socket = unix;
        if (socket != null) {
            socket.close();
        }
    }
}
