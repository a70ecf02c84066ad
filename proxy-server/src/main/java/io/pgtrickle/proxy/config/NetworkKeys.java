// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import io.pgtrickle.proxy.config.NetworkSettings.Dns;
import io.pgtrickle.proxy.config.NetworkSettings.Listening;
import io.pgtrickle.proxy.config.NetworkSettings.Proxied;
import io.pgtrickle.proxy.config.NetworkSettings.Tcp;
import io.pgtrickle.proxy.config.NetworkSettings.Unix;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** PgBouncer's settings about sockets and names, with its defaults unless it says why not; and ours about the PROXY protocol. */
final class NetworkKeys {

    private static final String SYSTEM = "; 0 is what the system does by itself.";

    static final Setting<String> UNIX_SOCKET_DIR = new Setting<>("unix_socket_dir", ValueType.text(), "/tmp",
            "Directory of the Unix socket, which is called `.s.PGSQL.` and the port, with a lock file as PostgreSQL has it; `@name` for a socket "
                    + "without a file (Linux); empty for none (so without a configuration file).");
    static final Setting<Integer> UNIX_SOCKET_MODE = new Setting<>("unix_socket_mode", ValueType.fileMode(), "0777",
            "Who may connect to it, as for chmod.");
    static final Setting<String> UNIX_SOCKET_GROUP = new Setting<>("unix_socket_group", ValueType.text(), "", "The group it belongs to.");
    static final Setting<Boolean> SO_REUSEPORT = new Setting<>("so_reuseport", ValueType.bool(), "0",
            "Let several processes listen on the same port; the system shares the clients out. Each needs a unix_socket_dir of its own.");
    static final Setting<Integer> LISTEN_BACKLOG = new Setting<>("listen_backlog", ValueType.integer(1, Integer.MAX_VALUE), "1024",
            "Connections that may wait until they are accepted (PgBouncer: 128).");
    static final Setting<Integer> TCP_DEFER_ACCEPT = new Setting<>("tcp_defer_accept", ValueType.integer(0, Integer.MAX_VALUE), "45",
            "Seconds for which Linux keeps a connection to itself until the client has sent something; 0 hands it over at once.");
    static final Setting<Boolean> TCP_KEEPALIVE = new Setting<>("tcp_keepalive", ValueType.bool(), "1",
            "Have the system find out by itself when the other side is gone; for clients and servers, as are the following.");
    static final Setting<Integer> TCP_KEEPIDLE = new Setting<>("tcp_keepidle", ValueType.integer(0, Integer.MAX_VALUE), "0",
            "Seconds without traffic before it begins to ask" + SYSTEM);
    static final Setting<Integer> TCP_KEEPINTVL = new Setting<>("tcp_keepintvl", ValueType.integer(0, Integer.MAX_VALUE), "0",
            "Seconds between its questions" + SYSTEM);
    static final Setting<Integer> TCP_KEEPCNT = new Setting<>("tcp_keepcnt", ValueType.integer(0, Integer.MAX_VALUE), "0",
            "Questions without an answer after which the other side is gone" + SYSTEM);
    static final Setting<Integer> TCP_USER_TIMEOUT = new Setting<>("tcp_user_timeout", ValueType.integer(0, Integer.MAX_VALUE), "0",
            "Milliseconds for which what was sent may stay unconfirmed before the connection is given up (Linux)" + SYSTEM);
    static final Setting<Integer> TCP_SOCKET_BUFFER = new Setting<>("tcp_socket_buffer", ValueType.integer(0, Integer.MAX_VALUE), "0",
            "Bytes of each socket's send and receive buffer" + SYSTEM);
    static final Setting<Duration> DNS_MAX_TTL = new Setting<>("dns_max_ttl", ValueType.seconds(), "15",
            "How long the addresses of a server's name are believed. When they have changed, connections to an address that is no longer among "
                    + "them are closed as soon as they are not in use.");
    static final Setting<Duration> DNS_NXDOMAIN_TTL = new Setting<>("dns_nxdomain_ttl", ValueType.seconds(), "15",
            "How long it is believed that there is no such name.");

    static final Setting<Integer> PEER_ID = new Setting<>("peer_id", ValueType.integer(0, Peering.MAX_ID), "0",
            "This proxy's number among those of section [peers] that clients reach by the same address (so_reuseport, a load balancer). A cancel "
                    + "request that reaches another one is passed on to it: keys tell the number, in PgBouncer's way, so the two can be peers. Then "
                    + "clients see a process id of ours in session pooling, too. 0: there are no peers.");

    static final List<Setting<?>> ALL = List.of(UNIX_SOCKET_DIR, UNIX_SOCKET_MODE, UNIX_SOCKET_GROUP, SO_REUSEPORT, LISTEN_BACKLOG, TCP_DEFER_ACCEPT,
            TCP_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_USER_TIMEOUT, TCP_SOCKET_BUFFER, DNS_MAX_TTL, DNS_NXDOMAIN_TTL, PEER_ID);

    /** Those of them that take a new start. */
    static final Set<String> FIXED = Set.of(
            UNIX_SOCKET_DIR.name(), UNIX_SOCKET_MODE.name(), UNIX_SOCKET_GROUP.name(), SO_REUSEPORT.name(), LISTEN_BACKLOG.name(), PEER_ID.name());

    static final Setting<List<HostPort>> PROXY_PROTOCOL_LISTEN = new Setting<>("proxy_protocol_listen", ValueType.listOf(NetworkKeys::address, "host:port"), "",
            "Further addresses to listen on, for load balancers that announce their clients by the PROXY protocol (version 1 or 2): every connection "
                    + "must begin with its header, and the address it names counts for auth_hba_file, the log and `SHOW CLIENTS`. See "
                    + "[security](security.md#load-balancers).");
    static final Setting<List<HbaNetwork>> PROXY_PROTOCOL_FROM = new Setting<>("proxy_protocol_from", ValueType.listOf(HbaNetwork::parse, "address/bits"), "",
            "Networks of those load balancers; connections from elsewhere to these addresses are closed. Empty: whoever can connect is believed.");

    static final Setting<Integer> EVENT_LOOPS = new Setting<>("event_loops", ValueType.integer(0, 1024), "0",
            "Threads that serve clients and servers; 0 is one for each two processors, as PostgreSQL needs the others.");

    /** Section [pgtrickle]. */
    static final List<Setting<?>> OWN = List.of(PROXY_PROTOCOL_LISTEN, PROXY_PROTOCOL_FROM, EVENT_LOOPS);

    private NetworkKeys() {}

    private static HostPort address(String text) {
        HostPort address = HostPort.parse(text, "", 0);
        if (address.host().isEmpty() || !text.contains(":")) {
            throw new IllegalArgumentException("must be host:port");
        }
        return address;
    }

    static NetworkSettings network(SettingValues values) {
        return new NetworkSettings(
                new Listening(values.get(SO_REUSEPORT), values.get(LISTEN_BACKLOG), values.get(TCP_DEFER_ACCEPT)),
                new Unix(values.get(UNIX_SOCKET_DIR), values.get(UNIX_SOCKET_MODE), values.get(UNIX_SOCKET_GROUP),
                        values.texts().containsKey(UNIX_SOCKET_DIR.name())),
                new Tcp(values.get(TCP_KEEPALIVE), values.get(TCP_KEEPIDLE), values.get(TCP_KEEPINTVL), values.get(TCP_KEEPCNT),
                        values.get(TCP_USER_TIMEOUT), values.get(TCP_SOCKET_BUFFER)),
                new Dns(values.get(DNS_MAX_TTL), values.get(DNS_NXDOMAIN_TTL)),
                Proxied.NONE,
                new Peering(values.get(PEER_ID), Map.of()),
                0);
    }

    /** @param values of section [pgtrickle] */
    static Proxied proxied(SettingValues values) {
        return new Proxied(values.get(PROXY_PROTOCOL_LISTEN), values.get(PROXY_PROTOCOL_FROM));
    }
}
