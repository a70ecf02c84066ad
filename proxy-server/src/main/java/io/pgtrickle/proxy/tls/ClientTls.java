// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.pgtrickle.proxy.auth.TlsPeer;
import io.pgtrickle.proxy.config.TlsMode;
import java.util.Optional;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/** TLS as clients get it from us. Immutable, for any thread; the handlers it makes are for one connection each. */
public final class ClientTls {

    static {
        // A client that negotiates again and again costs us far more than itself. Java reads this at the first handshake.
        String property = "jdk.tls.rejectClientInitiatedRenegotiation";
        if (System.getProperty(property) == null) {
            System.setProperty(property, "true");
        }
    }

    private final TlsMode mode;
    private final SslContext context;
    private final Optional<String[]> curves;
    private final Optional<byte[]> endPoint;

    ClientTls(TlsMode mode, SslContext context, Optional<String[]> curves, Optional<byte[]> endPoint) {
        this.mode = mode;
        this.context = context;
        this.curves = curves;
        this.endPoint = endPoint;
    }

    /** Whether clients without TLS are refused. */
    public boolean isRequired() {
        return mode.isRequired();
    }

    /** For the head of a client's pipeline. The time the handshake may take is the login's. */
    public SslHandler newHandler(ByteBufAllocator allocator) {
        SSLEngine engine = context.newEngine(allocator);
        curves.ifPresent(names -> {
            SSLParameters parameters = engine.getSSLParameters();
            parameters.setNamedGroups(names);
            engine.setSSLParameters(parameters);
        });
        var handler = new SslHandler(engine, false, TlsContexts.HANDSHAKES);
        handler.setHandshakeTimeoutMillis(0);
        return handler;
    }

    /** Whether the client has said, in the handshake that is complete now, that it will speak PostgreSQL's protocol. */
    public static boolean isPostgresNegotiated(SslHandler handler) {
        return ContextFactory.PROTOCOL.equals(handler.applicationProtocol());
    }

    /** Whom the handshake of one of our handlers, complete now, has shown. */
    public TlsPeer peer(SslHandler handler) {
        return PeerCertificates.client(handler, endPoint);
    }
}
