// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.net;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.pgtrickle.proxy.config.NetworkSettings;
import java.util.ArrayList;
import java.util.List;

/**
 * The event loops and the channel types that go with them: Linux's epoll where its native library loads, else Java's NIO.
 *
 * @param isNative whether it is epoll
 */
public record Transport(
        EventLoopGroup group, Class<? extends ServerChannel> listening, Class<? extends SocketChannel> connected, boolean isNative) {

    /** @param wanted number of event loops; 0 for one for each two processors */
    public static Transport start(int wanted) {
        int threads = wanted > 0 ? wanted : Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
        return Epoll.isAvailable()
                ? new Transport(group(threads, EpollIoHandler.newFactory()), EpollServerSocketChannel.class, EpollSocketChannel.class, true)
                : new Transport(group(threads, NioIoHandler.newFactory()), NioServerSocketChannel.class, NioSocketChannel.class, false);
    }

    private static EventLoopGroup group(int threads, IoHandlerFactory factory) {
        return new MultiThreadIoEventLoopGroup(threads, new DefaultThreadFactory("proxy", true), factory);
    }

    /** What is asked for and needs Linux's own sockets, one sentence each. */
    public static List<String> missing(NetworkSettings wanted, boolean isNative) {
        var missing = new ArrayList<String>();
        if (!isNative) {
            String why = " needs Linux on x86-64 or ARM64, whose native library is not to be had here";
            if (wanted.unix().demanded() && !wanted.unix().directory().isEmpty()) {
                missing.add("unix_socket_dir" + why);
            }
            if (wanted.listening().reusePort()) {
                missing.add("so_reuseport" + why);
            }
            if (wanted.tcp().userTimeout() > 0) {
                missing.add("tcp_user_timeout" + why);
            }
        }
        return missing;
    }
}
