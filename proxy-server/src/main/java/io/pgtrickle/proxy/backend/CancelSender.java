// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.backend;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.pgtrickle.wire.backend.BackendMessage.BackendKeyData;
import io.pgtrickle.wire.frontend.StartupPacket.CancelRequest;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends a CancelRequest over a connection of its own; the server has dealt with it when it closes that connection. */
public final class CancelSender {

    private static final Logger LOG = LoggerFactory.getLogger(CancelSender.class);
    private static final int TIMEOUT_SECONDS = 10;

    private CancelSender() {}

    /**
     * @param server the connection whose query is to be cancelled; the request goes to the same address
     * @param done run on that connection's loop when the server has closed the request's connection, or it failed
     */
    public static void send(Channel server, BackendKeyData key, Runnable done) {
        EventLoop loop = server.eventLoop();
        ChannelFuture connecting = new Bootstrap()
                .group(loop)
                .channel(server.getClass())
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) TimeUnit.SECONDS.toMillis(TIMEOUT_SECONDS))
                .handler(new ChannelHandlerAdapter() {})
                .connect(server.remoteAddress());
        connecting.addListener(_ -> {
            if (!connecting.isSuccess()) {
                LOG.info("cannot pass on a cancel request: {}", connecting.cause().getMessage());
                done.run();
                return;
            }
            Channel channel = connecting.channel();
            ByteBuf packet = channel.alloc().buffer();
            new CancelRequest(key.processId(), key.secretKey()).write(packet);
            channel.writeAndFlush(packet, channel.voidPromise());
            var timeout = loop.schedule(() -> channel.close(), TIMEOUT_SECONDS, TimeUnit.SECONDS);
            channel.closeFuture().addListener(_ -> {
                timeout.cancel(false);
                done.run();
            });
        });
    }
}
