// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.server;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;

/** The event loops and the channel types that go with them: Linux's epoll where its native library loads, else Java's NIO. */
record EventLoops(
        EventLoopGroup group,
        Class<? extends ServerSocketChannel> listening,
        Class<? extends SocketChannel> connected) {

    static EventLoops start(int threads) {
        return Epoll.isAvailable()
                ? new EventLoops(group(threads, EpollIoHandler.newFactory()), EpollServerSocketChannel.class, EpollSocketChannel.class)
                : new EventLoops(group(threads, NioIoHandler.newFactory()), NioServerSocketChannel.class, NioSocketChannel.class);
    }

    private static EventLoopGroup group(int threads, IoHandlerFactory factory) {
        return new MultiThreadIoEventLoopGroup(threads, new DefaultThreadFactory("proxy", true), factory);
    }
}
