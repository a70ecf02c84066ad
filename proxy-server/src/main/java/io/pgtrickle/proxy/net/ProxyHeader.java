// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.net;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.haproxy.HAProxyCommand;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageDecoder;
import io.netty.handler.codec.haproxy.HAProxyProxiedProtocol;
import io.pgtrickle.proxy.config.NetworkSettings.Proxied;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The PROXY protocol's header, with which a connection must begin; leaves the pipeline behind it. */
public final class ProxyHeader extends SimpleChannelInboundHandler<HAProxyMessage> {

    private static final Logger LOG = LoggerFactory.getLogger(ProxyHeader.class);

    /** Of version 1 and of version 2. */
    private static final String FIRST_BYTES = "P\r";

    private ProxyHeader() {}

    /** Goes before the session, which will read what comes behind the header. */
    public static void expect(Channel channel, Proxied settings) {
        InetAddress from = ((InetSocketAddress) channel.remoteAddress()).getAddress();
        if (!settings.from().isEmpty() && settings.from().stream().noneMatch(network -> network.contains(from))) {
            LOG.warn("{}: closed, as proxy_protocol_from does not name this address", channel.remoteAddress());
            channel.close();
            return;
        }
        channel.pipeline().addLast(new Beginning(), new HAProxyMessageDecoder(), new ProxyHeader());
    }

    /** Whoever does not speak the protocol is not kept waiting. */
    private static final class Beginning extends ChannelInboundHandlerAdapter {

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            var bytes = (ByteBuf) message;
            if (FIRST_BYTES.indexOf(bytes.getByte(bytes.readerIndex())) < 0) {
                bytes.release();
                LOG.warn("{}: closed, as it does not begin with a header of the PROXY protocol", ctx.channel().remoteAddress());
                ctx.close();
                return;
            }
            ctx.fireChannelRead(bytes);
            if (!ctx.isRemoved()) {
                ctx.pipeline().remove(this);
            }
        }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, HAProxyMessage header) {
        HAProxyProxiedProtocol.AddressFamily family = header.proxiedProtocol().addressFamily();
        boolean known = family == HAProxyProxiedProtocol.AddressFamily.AF_IPv4 || family == HAProxyProxiedProtocol.AddressFamily.AF_IPv6;
        // Else it speaks for itself (a check of our health), or cannot say.
        if (header.command() == HAProxyCommand.PROXY && known) {
            ClientAddress.set(
                    ctx.channel(),
                    new InetSocketAddress(InetAddress.ofLiteral(header.sourceAddress()), header.sourcePort()),
                    new InetSocketAddress(InetAddress.ofLiteral(header.destinationAddress()), header.destinationPort()));
        }
        ctx.pipeline().remove(this);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.warn("{}: closed, as its header of the PROXY protocol is wrong: {}", ctx.channel().remoteAddress(), cause.getMessage());
        ctx.close();
    }
}
