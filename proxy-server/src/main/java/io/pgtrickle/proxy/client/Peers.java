// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerAdapter;
import io.netty.channel.EventLoop;
import io.pgtrickle.proxy.backend.CancelSender;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.Peering;
import io.pgtrickle.proxy.net.Sockets;
import io.pgtrickle.wire.frontend.StartupPacket.CancelRequest;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Passes cancel requests on to the proxies whose clients they are about. Thread-safe. */
public final class Peers {

    private static final Logger LOG = LoggerFactory.getLogger(Peers.class);

    private final Sockets sockets;
    private volatile Peering peering;

    public Peers(Peering peering, Sockets sockets) {
        this.peering = peering;
        this.sockets = sockets;
    }

    /** From now on, these are the others. */
    public void reload(Peering other) {
        peering = other;
    }

    int ownNumber() {
        return peering.id();
    }

    /** @param done run on {@code loop} when the peer has dealt with it, or there is none for it */
    void passOn(CancelKey key, EventLoop loop, Runnable done) {
        HostPort peer = peering.peers().get(key.peer());
        if (peer == null || ownNumber() == 0 || key.peer() == ownNumber() || key.hops() == 0) {
            done.run();
            return;
        }
        sockets.find(peer).whenComplete((addresses, failure) -> loop.execute(() -> {
            if (failure != null || addresses.isEmpty()) {
                failed(peer, failure == null ? "it has no address" : failure.getMessage(), done);
            } else {
                send(key.passedOn(), peer, addresses.getFirst(), loop, done);
            }
        }));
    }

    private void send(CancelKey key, HostPort peer, SocketAddress address, EventLoop loop, Runnable done) {
        ChannelFuture connecting = sockets.connect(address, loop, CancelSender.TIMEOUT, new ChannelHandlerAdapter() {});
        connecting.addListener(_ -> {
            if (connecting.isSuccess()) {
                CancelSender.request(connecting.channel(), new CancelRequest(key.processId(), key.secret()), done);
            } else {
                failed(peer, connecting.cause().getMessage(), done);
            }
        });
    }

    private static void failed(HostPort peer, @Nullable String reason, Runnable done) {
        LOG.warn("cannot pass on a cancel request to the peer at {}: {}", peer, reason);
        done.run();
    }
}
