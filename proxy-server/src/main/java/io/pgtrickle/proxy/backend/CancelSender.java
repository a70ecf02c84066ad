// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.backend;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.pgtrickle.proxy.tls.ServerTls;
import io.pgtrickle.wire.frontend.StartupPacket.CancelRequest;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends a CancelRequest over a connection of its own; the server has dealt with it when it closes that connection. */
public final class CancelSender {

    private static final Logger LOG = LoggerFactory.getLogger(CancelSender.class);
    public static final Duration TIMEOUT = Duration.ofSeconds(10);

    private CancelSender() {}

    /**
     * @param server the connection whose query is to be cancelled; the request goes to the same address
     * @param tls what the request itself is sent over
     * @param done run on that connection's loop when the server has closed the request's connection, or it failed
     */
    public static void send(ServerConnection server, ServerTls tls, Runnable done) {
        Channel target = server.channel();
        EventLoop loop = target.eventLoop();
        ChannelFuture connecting = new Bootstrap()
                .group(loop)
                .channel(target.getClass())
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) TIMEOUT.toMillis())
                .handler(new ChannelHandlerAdapter() {})
                .connect(target.remoteAddress());
        connecting.addListener(_ -> {
            if (!connecting.isSuccess()) {
                failed(connecting.cause(), done);
                return;
            }
            Channel channel = connecting.channel();
            tls.secure(channel, server.route().host(), TIMEOUT, new ServerTls.Outcome() {
                @Override
                public void ready() {
                    request(channel, new CancelRequest(server.key().processId(), server.key().secretKey()), done);
                }

                @Override
                public void failed(Throwable cause, boolean plainAllowed) {
                    if (plainAllowed) {
                        send(server, ServerTls.none(), done);
                    } else {
                        CancelSender.failed(cause, done);
                    }
                }
            });
        });
    }

    /** @param done run when the other side has closed the connection, which it does when it has dealt with the request */
    public static void request(Channel channel, CancelRequest request, Runnable done) {
        ByteBuf packet = channel.alloc().buffer();
        request.write(packet);
        channel.writeAndFlush(packet, channel.voidPromise());
        var timeout = channel.eventLoop().schedule(() -> channel.close(), TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        channel.closeFuture().addListener(_ -> {
            timeout.cancel(false);
            done.run();
        });
    }

    private static void failed(Throwable cause, Runnable done) {
        LOG.info("cannot pass on a cancel request: {}", cause.getMessage());
        done.run();
    }
}
