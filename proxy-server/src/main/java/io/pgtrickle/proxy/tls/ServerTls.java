// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.tls;

import io.netty.channel.Channel;
import io.netty.channel.unix.DomainSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.pgtrickle.proxy.config.TlsMode;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/** TLS as we ask servers for it. Immutable, for any thread. */
public final class ServerTls {

    /** What becomes of asking; called on the channel's event loop. */
    public interface Outcome {

        /** What is sent now is encrypted, or need not be. */
        void ready();

        /**
         * The channel is of no use and closed.
         *
         * @param plainAllowed whether the configuration is content with a new connection without TLS
         */
        void failed(Throwable cause, boolean plainAllowed);
    }

    private final TlsMode mode;
    private final Optional<SslContext> context;

    ServerTls(TlsMode mode, Optional<SslContext> context) {
        this.mode = mode;
        this.context = context;
    }

    /** For connections that never have TLS. */
    public static ServerTls none() {
        return new ServerTls(TlsMode.DISABLE, Optional.empty());
    }

    TlsMode mode() {
        return mode;
    }

    /**
     * Asks a server for TLS, if we want it, on a connection on which nothing has been said yet.
     *
     * @param host as it is configured, to which its certificate may have to belong
     * @param limit for the answer and for the handshake each; zero for none
     */
    public void secure(Channel channel, String host, Duration limit, Outcome outcome) {
        if (context.isEmpty() || channel instanceof DomainSocketChannel) { // nobody is between us and a Unix socket
            outcome.ready();
        } else {
            channel.pipeline().addLast(new SslNegotiation(this, context.get(), host, limit, outcome));
        }
    }

    static SslHandler newHandler(SslContext context, Channel channel, String host, Duration limit) {
        SSLEngine engine = context.newEngine(channel.alloc(), host, -1);
        if (!isAddress(host)) {
            SSLParameters parameters = engine.getSSLParameters();
            parameters.setServerNames(List.of(new SNIHostName(host)));
            engine.setSSLParameters(parameters);
        }
        var handler = new SslHandler(engine, false, TlsContexts.HANDSHAKES);
        handler.setHandshakeTimeoutMillis(limit.toMillis());
        return handler;
    }

    /** Only names are sent as server name (RFC 6066). */
    private static boolean isAddress(String host) {
        try {
            InetAddress.ofLiteral(host);
            return true;
        } catch (IllegalArgumentException name) {
            return false;
        }
    }
}
