// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.NetworkSettings;
import io.pgtrickle.proxy.config.NetworkSettings.Tcp;
import io.pgtrickle.proxy.config.ProxyConfig;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What connections are told of keepalive and its like. */
class SocketsTest {

    @Test
    void a_connection_has_the_options_that_are_configured() throws Exception {
        assumeThat(Epoll.isAvailable()).isTrue();
        Transport transport = Transport.start(1);
        var sockets = new Sockets(transport, settings(new Tcp(true, 0, 0, 0, 0, 0)), Resolver.Lookup.ofSystem());
        try (var listening = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            Channel usual = connected(transport, sockets, listening);
            assertThat(usual.config().getOption(ChannelOption.SO_KEEPALIVE)).isTrue();
            assertThat(usual.config().getOption(ChannelOption.TCP_NODELAY)).isTrue();
            assertThat(usual.config().getOption(EpollChannelOption.TCP_USER_TIMEOUT)).isZero();
            sockets.reload(settings(new Tcp(true, 77, 11, 5, 30_000, 65_536)));
            Channel tuned = connected(transport, sockets, listening);
            assertThat(tuned.config().getOption(EpollChannelOption.TCP_KEEPIDLE)).isEqualTo(77);
            assertThat(tuned.config().getOption(EpollChannelOption.TCP_KEEPINTVL)).isEqualTo(11);
            assertThat(tuned.config().getOption(EpollChannelOption.TCP_KEEPCNT)).isEqualTo(5);
            assertThat(tuned.config().getOption(EpollChannelOption.TCP_USER_TIMEOUT)).isEqualTo(30_000);
            assertThat(tuned.config().getOption(ChannelOption.SO_SNDBUF)).isEqualTo(2 * 65_536); // Linux doubles it
            sockets.reload(settings(new Tcp(false, 77, 11, 5, 0, 0)));
            assertThat(connected(transport, sockets, listening).config().getOption(ChannelOption.SO_KEEPALIVE)).isFalse();
        } finally {
            transport.group().shutdownGracefully(0, 5, java.util.concurrent.TimeUnit.SECONDS).awaitUninterruptibly();
        }
    }

    private static NetworkSettings settings(Tcp options) {
        NetworkSettings usual = ProxyConfig.passThrough(new HostPort("localhost", 5432)).network();
        return new NetworkSettings(usual.listening(), usual.unix(), options, usual.dns(), usual.proxied(), usual.peering(), usual.eventLoops());
    }

    private static Channel connected(Transport transport, Sockets sockets, ServerSocket listening) {
        var connecting = sockets.connect(
                listening.getLocalSocketAddress(), transport.group().next(), Duration.ofSeconds(10), new ChannelInboundHandlerAdapter());
        Channel channel = connecting.syncUninterruptibly().channel();
        sockets.tune(channel);
        return channel;
    }
}
