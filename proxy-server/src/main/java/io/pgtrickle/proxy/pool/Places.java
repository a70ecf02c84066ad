// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import io.pgtrickle.proxy.auth.Route;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.TargetSession;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where one client's connection may go: the hosts in their order, each with all its addresses. Used on one event loop, until none is left. */
final class Places {

    /** @param wanted what a server there must be like */
    record Place(HostPort host, TargetSession wanted) {}

    private final Deque<Place> hosts = new ArrayDeque<>();
    private final Deque<SocketAddress> addresses = new ArrayDeque<>();
    private Place current;

    /** @param turn a number that grows by one with each connection */
    Places(Route route, int turn) {
        var order = new ArrayList<HostPort>(List.of(new HostPort(route.host(), route.port())));
        order.addAll(route.hosts().others());
        if (route.hosts().balanced()) {
            Collections.rotate(order, -Math.floorMod(turn, order.size()));
        }
        TargetSession wanted = route.hosts().target();
        order.forEach(host -> hosts.add(new Place(host, wanted)));
        if (wanted == TargetSession.PREFER_STANDBY) {
            order.forEach(host -> hosts.add(new Place(host, TargetSession.ANY)));
        }
        current = hosts.getFirst();
    }

    /** The place that was tried last. */
    Place current() {
        return current;
    }

    boolean hasMore() {
        return !addresses.isEmpty() || !hosts.isEmpty();
    }

    /** The next address of the host; null if it has no more. */
    @Nullable SocketAddress nextAddress() {
        return addresses.poll();
    }

    /** Whether there is another host, which is the current one then. */
    boolean nextHost() {
        Place next = hosts.poll();
        if (next == null) {
            return false;
        }
        current = next;
        return true;
    }

    void found(Collection<? extends SocketAddress> ofCurrent) {
        addresses.addAll(ofCurrent);
    }
}
