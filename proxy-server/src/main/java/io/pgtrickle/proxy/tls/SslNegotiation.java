// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.tls;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.pgtrickle.wire.frontend.StartupPacket.SslRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * SSLRequest, the server's byte, and the handshake (PostgreSQL manual 54.2.10). More than that one byte before the handshake could have
 * been injected by somebody else (CVE-2021-23222) and ends the connection. Removes itself when done.
 */
final class SslNegotiation extends ChannelInboundHandlerAdapter {

    private final ServerTls tls;
    private final SslContext context;
    private final String host;
    private final Duration limit;
    private final ServerTls.Outcome outcome;
    private @Nullable Future<?> timeout;
    private boolean answered;
    private boolean ended;

    SslNegotiation(ServerTls tls, SslContext context, String host, Duration limit, ServerTls.Outcome outcome) {
        this.tls = tls;
        this.context = context;
        this.host = host;
        this.limit = limit;
        this.outcome = outcome;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ByteBuf request = ctx.alloc().buffer(8);
        new SslRequest().write(request);
        ctx.writeAndFlush(request, ctx.voidPromise());
        if (!limit.isZero()) {
            timeout = ctx.executor().schedule(
                    () -> failed(ctx.channel(), new IOException("no answer to the request for TLS"), false), limit.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        var bytes = (ByteBuf) message;
        try {
            if (answered || ended) {
                return; // the handshake is done when its future says so, and then nobody has asked for anything yet
            }
            answered = true;
            stopTimeout();
            int answer = bytes.readByte();
            if (bytes.isReadable() && answer != 'E') {
                failed(ctx.channel(), new IOException("the server sent more than its answer to the request for TLS"), false);
                return;
            }
            switch (answer) {
                case 'S' -> handshake(ctx.channel());
                case 'N' -> {
                    if (tls.mode().isRequired()) {
                        failed(ctx.channel(), new IOException("the server has no TLS, which server_tls_sslmode = " + tls.mode().text() + " demands"), false);
                    } else {
                        ready(ctx.channel());
                    }
                }
                // A server that cannot serve at all says so in an error; it is not shown, because nobody vouches for it (CVE-2024-10977).
                case 'E' -> failed(ctx.channel(), new IOException("the server answered the request for TLS with an error"), false);
                default -> failed(ctx.channel(), new IOException("the server's answer to the request for TLS is neither S nor N"), false);
            }
        } finally {
            bytes.release();
        }
    }

    private void handshake(Channel channel) {
        SslHandler handler = ServerTls.newHandler(context, channel, host, limit);
        handler.handshakeFuture().addListener(handshake -> {
            if (handshake.isSuccess()) {
                ready(channel);
            } else {
                failed(channel, new IOException("TLS handshake failed: " + handshake.cause().getMessage(), handshake.cause()), true);
            }
        });
        channel.pipeline().addFirst(handler);
    }

    private void ready(Channel channel) {
        if (!ended) {
            ended = true;
            channel.pipeline().remove(this);
            outcome.ready();
        }
    }

    private void failed(Channel channel, Throwable cause, boolean plainMayHelp) {
        if (!ended) {
            ended = true;
            stopTimeout();
            channel.close();
            outcome.failed(cause, plainMayHelp && !tls.mode().isRequired());
        }
    }

    private void stopTimeout() {
        if (timeout != null) {
            timeout.cancel(false);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        failed(ctx.channel(), new IOException("the server closed the connection when it was asked for TLS"), answered);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        failed(ctx.channel(), cause, answered);
    }
}
