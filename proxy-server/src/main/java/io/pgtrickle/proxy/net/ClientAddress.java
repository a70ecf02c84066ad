// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.net;

import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.AttributeKey;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Where a client comes from: the other end of its connection, unless somebody who is believed announces another address. */
public final class ClientAddress {

    private static final AttributeKey<SocketAddress> REMOTE = AttributeKey.valueOf(ClientAddress.class, "remote");
    private static final AttributeKey<SocketAddress> LOCAL = AttributeKey.valueOf(ClientAddress.class, "local");

    private ClientAddress() {}

    static void set(Channel channel, SocketAddress remote, SocketAddress local) {
        channel.attr(REMOTE).set(remote);
        channel.attr(LOCAL).set(local);
    }

    public static @Nullable SocketAddress remote(Channel channel) {
        SocketAddress announced = channel.attr(REMOTE).get();
        return announced == null ? channel.remoteAddress() : announced;
    }

    /** Where it has connected to. */
    public static @Nullable SocketAddress local(Channel channel) {
        SocketAddress announced = channel.attr(LOCAL).get();
        return announced == null ? channel.localAddress() : announced;
    }

    /** None on a Unix socket. */
    public static Optional<InetAddress> ip(Channel channel) {
        return remote(channel) instanceof InetSocketAddress tcp ? Optional.ofNullable(tcp.getAddress()) : Optional.empty();
    }

    public static boolean isUnix(Channel channel) {
        return channel instanceof EpollDomainSocketChannel;
    }

    /** Whose process it is; known of Unix sockets only. */
    public static Optional<PeerUser> user(Channel channel) {
        if (channel instanceof EpollDomainSocketChannel unix) {
            try {
                return Optional.of(new PeerUser(unix.peerCredentials().uid()));
            } catch (IOException e) {
                return Optional.empty(); // it has gone meanwhile
            }
        }
        return Optional.empty();
    }

    /** The host and the port as people know them; of a Unix socket, which has neither, what PgBouncer shows. */
    public static InetSocketAddress shown(SocketAddress address) {
        if (address instanceof DomainSocketAddress unix) {
            String path = unix.path();
            String port = path.substring(path.lastIndexOf('.') + 1);
            return InetSocketAddress.createUnresolved("unix", port.matches("\\d{1,5}") ? Integer.parseInt(port) & 0xffff : 0);
        }
        return address instanceof InetSocketAddress tcp && tcp.getAddress() != null
                ? InetSocketAddress.createUnresolved(tcp.getAddress().getHostAddress(), tcp.getPort())
                : InetSocketAddress.createUnresolved("", 0);
    }
}
