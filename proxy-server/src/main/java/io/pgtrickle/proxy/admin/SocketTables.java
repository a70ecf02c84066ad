// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

import io.pgtrickle.proxy.client.ClientState;
import io.pgtrickle.proxy.client.ClientState.Phase;
import io.pgtrickle.proxy.net.ClientAddress;
import io.pgtrickle.proxy.pool.PoolState;
import io.pgtrickle.proxy.pool.ServerState;
import java.net.SocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** SHOW CLIENTS, SERVERS and SOCKETS, of one moment. */
final class SocketTables {

    private static final String[] COLUMNS = {
        "type", "user", "database", "replication", "state", "addr", "port int4", "local_addr", "local_port int4", "connect_time", "request_time",
        "wait int4", "wait_us int4", "close_needed int4", "ptr", "link", "remote_pid int4", "tls", "application_name",
        "prepared_statements int4", "id int4"
    };
    /** PgBouncer's buffers, which have no counterpart here. */
    private static final String[] BUFFERS =
            {"recv_pos int4", "pkt_pos int4", "pkt_remain int4", "send_pos int4", "send_remain int4", "pkt_avail int4", "send_avail int4"};

    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss z", Locale.ROOT);

    private final List<ClientState> clients;
    private final List<ServerState> servers;
    private final Instant now = Instant.now();
    private final long nanos = System.nanoTime();

    SocketTables(List<ClientState> clients, List<PoolState> pools) {
        this.clients = clients.stream().sorted(Comparator.comparingLong(ClientState::id)).toList();
        this.servers = pools.stream().flatMap(pool -> pool.servers().stream()).sorted(Comparator.comparingLong(ServerState::id)).toList();
    }

    Table clients() {
        Table table = Table.of(COLUMNS);
        clients.stream().filter(client -> client.phase() != Phase.LOGIN).forEach(client -> table.add(row(client, "", 0)));
        return table;
    }

    Table servers() {
        Table table = Table.of(COLUMNS);
        servers.forEach(server -> table.add(row(server, "", 0)));
        return table;
    }

    /** @param active those only that do something */
    Table sockets(boolean active) {
        Table table = Table.of(Stream.of(COLUMNS, BUFFERS).flatMap(Stream::of).toArray(String[]::new));
        Predicate<ClientState> shownClients = client -> !active || client.phase() == Phase.ACTIVE;
        clients.stream().filter(shownClients).forEach(client -> table.add(row(client, "cl_", BUFFERS.length)));
        servers.stream()
                .filter(server -> !active || server.phase() == ServerState.Phase.ACTIVE)
                .forEach(server -> table.add(row(server, "sv_", BUFFERS.length)));
        return table;
    }

    private @Nullable Object[] row(ClientState client, String prefix, int more) {
        return row(more,
                "C", client.user().isEmpty() ? "(nouser)" : client.user(), client.database().isEmpty() ? "(nodb)" : client.database(), "none",
                prefix + client.phase().text(), host(client.remote()), port(client.remote()), host(client.local()), port(client.local()),
                time(client.connectedAt()), time(client.requestedAt()), TimeUnit.NANOSECONDS.toSeconds(client.waited()), micros(client.waited()), 0,
                pointer('c', client.id()), pointer('s', client.server()), 0, client.tls(), client.applicationName(), client.preparedStatements(), client.id());
    }

    private @Nullable Object[] row(ServerState server, String prefix, int more) {
        String state = prefix.isEmpty() || server.phase() != ServerState.Phase.NEW ? server.phase().text() : "login";
        return row(more,
                "S", server.route().user(), server.route().entry(), "none", prefix + state,
                host(server.remote()), port(server.remote()), host(server.local()), port(server.local()),
                time(server.openedAt()), time(server.requestedAt()), 0, 0, server.outdated(),
                pointer('s', server.id()), pointer('c', server.client()), server.processId(), server.tls(), server.applicationName(),
                server.preparedStatements(), server.id());
    }

    private static @Nullable Object[] row(int more, @Nullable Object... values) {
        return Stream.concat(Stream.of(values), Stream.generate(() -> 0).limit(more)).toArray();
    }

    /** Not an address of anything, but as good for telling who belongs to whom. */
    private static String pointer(char kind, long id) {
        return id == 0 ? "" : "0x%c%08x".formatted(kind == 'c' ? 'c' : 'a', id);
    }

    private static String host(@Nullable SocketAddress address) {
        return address == null ? "" : ClientAddress.shown(address).getHostString();
    }

    private static int port(@Nullable SocketAddress address) {
        return address == null ? 0 : ClientAddress.shown(address).getPort();
    }

    private String time(long at) {
        return TIME.format(now.minus(Duration.ofNanos(nanos - at)).atZone(ZoneId.systemDefault()));
    }

    private static long micros(long duration) {
        return TimeUnit.NANOSECONDS.toMicros(duration) % TimeUnit.SECONDS.toMicros(1);
    }
}
