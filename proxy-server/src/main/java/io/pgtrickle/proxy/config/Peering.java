// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.util.Map;

/**
 * The proxies that share clients with this one, behind one address (so_reuseport, a load balancer): a cancel request may reach any of them.
 *
 * @param id this proxy's number, which its cancel keys tell; 0 if it has no peers
 * @param peers where the others listen, by number; it may name this one, too
 */
public record Peering(int id, Map<Integer, HostPort> peers) {

    public static final int MAX_ID = 16_383;

    public static final Peering NONE = new Peering(0, Map.of());

    public Peering {
        peers = Map.copyOf(peers);
    }
}
