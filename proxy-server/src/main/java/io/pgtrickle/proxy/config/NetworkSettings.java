// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.time.Duration;
import java.util.List;

/**
 * How clients reach the proxy besides listen_addr, and what its sockets and names are like.
 *
 * @param peering the proxies that share its clients
 * @param eventLoops threads that serve clients and servers; 0 for as many as suit the machine
 */
public record NetworkSettings(Listening listening, Unix unix, Tcp tcp, Dns dns, Proxied proxied, Peering peering, int eventLoops) {

    /**
     * @param reusePort whether other processes may listen on the same port
     * @param backlog connections that may wait to be accepted
     * @param deferAccept seconds for which the system may keep a connection to itself until the client has sent something; 0 for not at all
     */
    public record Listening(boolean reusePort, int backlog, int deferAccept) {}

    /**
     * The Unix socket.
     *
     * @param directory where it is; {@code @name} for one without a file; empty for none
     * @param mode who may connect, as for chmod
     * @param group whose file it is; empty for the process's own
     * @param demanded whether the configuration says so itself, so that nothing less will do
     */
    public record Unix(String directory, int mode, String group, boolean demanded) {}

    /** For clients and servers; 0 is what the system does by itself. Times in seconds, {@code userTimeout} in milliseconds, sizes in bytes. */
    public record Tcp(boolean keepAlive, int idle, int interval, int count, int userTimeout, int buffer) {}

    /** How long what a name stands for, or that it stands for nothing, is believed. */
    public record Dns(Duration ttl, Duration unknownTtl) {}

    /**
     * Listeners whose clients are announced by the PROXY protocol.
     *
     * @param from who may announce clients; everybody if empty
     */
    public record Proxied(List<HostPort> listen, List<HbaNetwork> from) {

        static final Proxied NONE = new Proxied(List.of(), List.of());

        public Proxied {
            listen = List.copyOf(listen);
            from = List.copyOf(from);
        }
    }

    /** With what cannot change while the proxy runs as it was before. */
    NetworkSettings keeping(NetworkSettings before) {
        var kept = new Listening(before.listening.reusePort, before.listening.backlog, listening.deferAccept);
        return new NetworkSettings(kept, before.unix, tcp, dns, before.proxied, new Peering(before.peering.id(), peering.peers()), before.eventLoops);
    }

    NetworkSettings with(Proxied other, int loops) {
        return new NetworkSettings(listening, unix, tcp, dns, other, peering, loops);
    }

    NetworkSettings with(Peering other) {
        return new NetworkSettings(listening, unix, tcp, dns, proxied, other, eventLoops);
    }
}
