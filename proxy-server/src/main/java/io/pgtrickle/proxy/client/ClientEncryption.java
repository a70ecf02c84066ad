// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.pgtrickle.proxy.auth.TlsPeer;
import io.pgtrickle.proxy.tls.ClientTls;
import io.pgtrickle.wire.frontend.StartupPacket;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a client comes to TLS, or not (PostgreSQL manual 54.2.10, 54.2.11): by SSLRequest, or with the handshake as its first bytes, which
 * must then negotiate our protocol by ALPN, so that nobody is led here who meant another one. GSSAPI encryption is declined. Each may be
 * asked for once, and nothing may come between a request and our answer: it could have been injected by somebody else (CVE-2021-23214).
 */
final class ClientEncryption extends ChannelInboundHandlerAdapter {

    private static final Logger LOG = LoggerFactory.getLogger(ClientEncryption.class);
    /** A TLS record with a handshake message in it; no startup packet is so long that it could begin like this. */
    private static final byte TLS_HANDSHAKE = 0x16;

    private final ClientSession session;
    private final Optional<ClientTls> tls;

    private boolean sslAsked;
    private boolean gssAsked;
    private boolean direct;
    private @Nullable SslHandler handler;
    private @Nullable TlsPeer peer;

    /** Goes into the pipeline before the session, and leaves it when it has seen the first byte. */
    ClientEncryption(ClientSession session, Optional<ClientTls> tls) {
        this.session = session;
        this.tls = tls;
    }

    /** What the client's handshake has shown; empty without TLS. */
    Optional<TlsPeer> peer() {
        return Optional.ofNullable(peer);
    }

    boolean isMissing() {
        return peer == null && tls.map(ClientTls::isRequired).orElse(false);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        var bytes = (ByteBuf) message;
        if (bytes.getByte(bytes.readerIndex()) != TLS_HANDSHAKE) {
            ctx.pipeline().remove(this);
            ctx.fireChannelRead(bytes);
            return;
        }
        if (tls.isEmpty()) {
            LOG.info("{}: the client begins with TLS, which client_tls_sslmode does not allow", ctx.channel());
            bytes.release();
            ctx.close();
            return;
        }
        direct = true;
        sslAsked = true;
        gssAsked = true;
        begin(ctx.channel(), tls.get());
        ctx.pipeline().remove(this);
        ctx.pipeline().fireChannelRead(bytes);
    }

    private void begin(Channel channel, ClientTls ours) {
        SslHandler ssl = ours.newHandler(channel.alloc());
        handler = ssl;
        channel.pipeline().addFirst(ssl);
    }

    void sslRequest() {
        if (isRefused(sslAsked, StartupPacket.SSL_CODE, "SSL")) {
            return;
        }
        sslAsked = true;
        answer(tls.isPresent() ? 'S' : 'N');
        tls.ifPresent(ours -> {
            gssAsked = true;
            begin(session.channel(), ours);
        });
    }

    void gssEncRequest() {
        if (!isRefused(gssAsked, StartupPacket.GSSENC_CODE, "GSSAPI encryption")) {
            gssAsked = true;
            answer('N');
        }
    }

    private boolean isRefused(boolean again, int code, String what) {
        if (again) {
            session.unsupportedVersion(code >>> 16, code & 0xffff);
        } else if (session.reader().waitingBytes() > 0) {
            session.fatal("08P01", "received unencrypted data after " + what + " request");
        } else {
            return false;
        }
        return true;
    }

    private void answer(char answer) {
        session.channel().writeAndFlush(Unpooled.wrappedBuffer(new byte[] {(byte) answer}), session.channel().voidPromise());
    }

    void handshakeEnded(SslHandshakeCompletionEvent event) {
        SslHandler ssl = handler;
        if (ssl == null || tls.isEmpty()) {
            return;
        }
        Channel channel = session.channel();
        if (!event.isSuccess()) {
            LOG.info("{}: TLS handshake with the client failed: {}", channel, event.cause().getMessage());
            channel.close();
        } else if (direct && !ClientTls.isPostgresNegotiated(ssl)) {
            LOG.info("{}: the client began with TLS without ALPN, refused", channel);
            channel.close();
        } else {
            peer = tls.get().peer(ssl);
            LOG.debug("{}: {} {}", channel, ssl.engine().getSession().getProtocol(), ssl.engine().getSession().getCipherSuite());
        }
    }
}
