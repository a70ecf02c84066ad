// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.tls;

import io.netty.channel.Channel;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslHandler;
import javax.net.ssl.SSLException;

/** How connections end, whether they have TLS or not. */
public final class Closing {

    private Closing() {}

    /** Says that nothing more will come; what has been flushed before has arrived by then. The other direction stays open. */
    public static void endOutput(Channel channel) {
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        if (tls == null) {
            shutdown(channel);
        } else {
            // close_notify, without which the other side must believe that somebody has cut the connection.
            tls.closeOutbound().addListener(_ -> shutdown(channel));
        }
    }

    private static void shutdown(Channel channel) {
        if (channel instanceof DuplexChannel duplex) {
            duplex.shutdownOutput();
        } else {
            channel.close();
        }
    }

    /** Whether the other side, or somebody between, is to blame for an exception in the pipeline. */
    public static boolean isTlsFailure(Throwable cause) {
        return cause instanceof SSLException || cause instanceof DecoderException && cause.getCause() instanceof SSLException;
    }
}
