// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.net;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.Errors;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.NetworkSettings;
import io.pgtrickle.proxy.config.NetworkSettings.Tcp;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import jdk.net.ExtendedSocketOptions;

/** Opens connections and gives them their options. Thread-safe. */
public final class Sockets {

    private final Transport transport;
    private final Resolver names;
    private volatile Tcp options;

    public Sockets(Transport transport, NetworkSettings settings, Resolver.Lookup lookup) {
        this.transport = transport;
        this.options = settings.tcp();
        this.names = new Resolver(settings.dns(), lookup, System::nanoTime);
    }

    /** For connections from now on. */
    public void reload(NetworkSettings settings) {
        options = settings.tcp();
        names.times(settings.dns());
    }

    /** What servers' names stand for. */
    public Resolver names() {
        return names;
    }

    /** The addresses of a host; completed exceptionally if there are none. */
    public CompletableFuture<? extends List<? extends SocketAddress>> find(HostPort host) {
        if (!host.isUnix()) {
            return names.resolve(host.host()).thenApply(found -> found.stream().map(address -> new InetSocketAddress(address, host.port())).toList());
        }
        return transport.isNative()
                ? CompletableFuture.completedFuture(List.of(UnixListener.address(UnixListener.path(host.host(), host.port()))))
                : CompletableFuture.failedFuture(new IOException("Unix sockets need Linux on x86-64 or ARM64, whose native library is not to be had here"));
    }

    /** @param timeout zero means the system's own */
    public ChannelFuture connect(SocketAddress address, EventLoop loop, Duration timeout, ChannelHandler handler) {
        boolean unix = address instanceof DomainSocketAddress;
        return new Bootstrap()
                .group(loop)
                .channel(unix ? EpollDomainSocketChannel.class : transport.connected())
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) Math.min(Integer.MAX_VALUE, timeout.toMillis()))
                .handler(handler)
                .connect(address);
    }

    /** Why a system call failed, in the system's words: Netty's native transport puts the call and its number before them. */
    public static String reason(Throwable failure) {
        String message = String.valueOf(failure.getMessage());
        return failure instanceof Errors.NativeIoException ? message.replaceFirst("^.* failed with error\\(-?\\d+\\): ", "") : message;
    }

    /** Only TCP connections have any. */
    public void tune(Channel channel) {
        if (!(channel instanceof SocketChannel tcp)) {
            return;
        }
        Tcp now = options;
        tcp.config().setTcpNoDelay(true).setKeepAlive(now.keepAlive());
        if (now.buffer() > 0) {
            tcp.config().setSendBufferSize(now.buffer()).setReceiveBufferSize(now.buffer());
        }
        if (now.keepAlive()) {
            set(channel, EpollChannelOption.TCP_KEEPIDLE, ExtendedSocketOptions.TCP_KEEPIDLE, now.idle());
            set(channel, EpollChannelOption.TCP_KEEPINTVL, ExtendedSocketOptions.TCP_KEEPINTERVAL, now.interval());
            set(channel, EpollChannelOption.TCP_KEEPCNT, ExtendedSocketOptions.TCP_KEEPCOUNT, now.count());
        }
        if (transport.isNative() && now.userTimeout() > 0) {
            channel.config().setOption(EpollChannelOption.TCP_USER_TIMEOUT, now.userTimeout());
        }
    }

    private void set(Channel channel, ChannelOption<Integer> ofEpoll, SocketOption<Integer> ofJava, int value) {
        if (value > 0) {
            channel.config().setOption(transport.isNative() ? ofEpoll : NioChannelOption.of(ofJava), value);
        }
    }
}
