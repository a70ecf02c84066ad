// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.tls;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import javax.net.ssl.SSLSession;

/** How a connection is encrypted, for those who look at it. */
public final class TlsState {

    private TlsState() {}

    /** Version and cipher, e.g. {@code TLSv1.3/TLS_AES_256_GCM_SHA384}; empty without TLS. From any thread. */
    public static String of(Channel channel) {
        SslHandler handler = channel.pipeline().get(SslHandler.class);
        if (handler == null || !handler.handshakeFuture().isSuccess()) {
            return "";
        }
        SSLSession session = handler.engine().getSession();
        return session.getProtocol() + "/" + session.getCipherSuite();
    }
}
