// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

import io.pgtrickle.proxy.client.ClientState;
import io.pgtrickle.proxy.client.Clients;
import io.pgtrickle.proxy.config.DatabaseEntry;
import io.pgtrickle.proxy.config.Databases;
import io.pgtrickle.proxy.config.HostChoice;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.PoolSettings;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.net.Resolver;
import io.pgtrickle.proxy.pool.DatabaseStates;
import io.pgtrickle.proxy.pool.PoolState;
import io.pgtrickle.proxy.pool.ServerState;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The tables that SHOW shows: PgBouncer's, with its columns in its order. Thread-safe. */
public final class Shows {

    /** Tools that watch PgBouncer go by the version at the beginning, as to which columns there are. */
    private static final String VERSION = "PgBouncer 1.25.0 (pgtrickle " + productVersion() + ")";

    /** What drivers ask for, and what they are told; SET of these is accepted and means nothing. */
    static final Map<String, String> DRIVERS = Map.ofEntries(
            Map.entry("client_encoding", "UTF8"), Map.entry("server_encoding", "UTF8"), Map.entry("default_transaction_isolation", "read committed"),
            Map.entry("transaction_isolation", "read committed"), Map.entry("standard_conforming_strings", "on"), Map.entry("datestyle", "ISO"),
            Map.entry("timezone", "GMT"), Map.entry("extra_float_digits", "2"), Map.entry("application_name", ""), Map.entry("intervalstyle", "postgres"),
            Map.entry("client_min_messages", "notice"), Map.entry("statement_timeout", "0"), Map.entry("lock_timeout", "0"),
            Map.entry("idle_in_transaction_session_timeout", "0"), Map.entry("bytea_output", "hex"), Map.entry("search_path", ""),
            Map.entry("default_transaction_read_only", "off"), Map.entry("transaction_read_only", "off"), Map.entry("integer_datetimes", "on"));

    private static final Map<String, String> LONG_NAMES = Map.of(
            "transaction isolation level", "transaction_isolation", "time zone", "timezone", "names", "client_encoding");

    private final Supplier<ProxyConfig> config;
    private final Clients clients;
    private final Supplier<List<PoolState>> pools;
    private final Supplier<List<PoolState>> ownPools;
    private final DatabaseStates states;
    private final Resolver names;
    private final StatsTables stats;
    private final Map<String, Supplier<Table>> tables = new TreeMap<>();

    /**
     * @param pools of clients
     * @param ownPools those of what the proxy asks itself
     * @param names of servers
     */
    public Shows(
            Supplier<ProxyConfig> config, Clients clients, Supplier<List<PoolState>> pools, Supplier<List<PoolState>> ownPools,
            DatabaseStates states, Statistics statistics, Resolver names) {
        this.names = names;
        this.config = config;
        this.clients = clients;
        this.pools = pools;
        this.ownPools = ownPools;
        this.states = states;
        this.stats = new StatsTables(statistics);
        tables.put("active_sockets", () -> sockets().sockets(true));
        tables.put("clients", () -> sockets().clients());
        tables.put("config", this::settings);
        tables.put("databases", this::databases);
        tables.put("dns_hosts", this::hosts);
        tables.put("dns_zones", () -> Table.of("zonename", "serial int8", "count int4"));
        tables.put("fds", () -> Table.of(
                "fd int4", "task", "user", "database", "addr", "port int4", "cancel int8", "link int4", "client_encoding", "std_strings", "datestyle",
                "timezone", "password", "scram_client_key bytea", "scram_server_key bytea"));
        tables.put("lists", this::lists);
        tables.put("mem", Shows::memory);
        tables.put("peers", this::peers);
        tables.put("peer_pools", () -> Table.of(
                "peer_id int4", "cl_active_cancel_req int4", "cl_waiting_cancel_req int4", "sv_active_cancel int4", "sv_login int4"));
        tables.put("pools", this::pools);
        tables.put("servers", () -> sockets().servers());
        tables.put("sockets", () -> sockets().sockets(false));
        tables.put("state", this::state);
        tables.put("stats", stats::stats);
        tables.put("stats_averages", stats::averages);
        tables.put("stats_totals", stats::totals);
        tables.put("totals", stats::sums);
        tables.put("users", this::users);
        tables.put("version", () -> Table.of("version").add(VERSION));
    }

    private Table peers() {
        Table table = Table.of("peer_id int4", "host", "port int4", "pool_size int4");
        new TreeMap<>(config.get().network().peering().peers()).forEach((id, peer) -> table.add(id, peer.host(), peer.port(), null));
        return table;
    }

    private static String productVersion() {
        String version = Shows.class.getPackage().getImplementationVersion();
        return version == null ? "(development)" : version;
    }

    /** @throws IllegalArgumentException if there is no such table */
    public Table table(String name) {
        return find(name).orElseThrow(() -> new IllegalArgumentException(name));
    }

    /** @param name as after SHOW, in lower case */
    Optional<Table> find(String name) {
        String setting = LONG_NAMES.getOrDefault(name, name);
        return DRIVERS.containsKey(setting)
                ? Optional.of(Table.of(setting).add(DRIVERS.get(setting)))
                : Optional.ofNullable(tables.get(name)).map(Supplier::get);
    }

    List<String> names() {
        return List.copyOf(tables.keySet());
    }

    private SocketTables sockets() {
        return new SocketTables(clients.describe(), Stream.concat(pools.get().stream(), ownPools.get().stream()).toList());
    }

    private Table settings() {
        Table table = Table.of("key", "value", "default", "changeable");
        config.get().admin().settings().forEach(setting ->
                table.add(setting.name(), setting.value(), setting.defaultText(), setting.changeable() ? "yes" : "no"));
        return table;
    }

    private Table databases() {
        Table table = Table.of(
                "name", "host", "port int4", "database", "force_user", "pool_size int4", "min_pool_size int4", "reserve_pool_size int4",
                "server_lifetime int4", "pool_mode", "load_balance_hosts", "max_connections int4", "current_connections int4",
                "max_client_connections int4", "current_client_connections int4", "paused int4", "disabled int4");
        ProxyConfig current = config.get();
        List<PoolState> all = pools.get();
        List<ClientState> connected = clients.describe();
        Databases databases = current.databases();
        var names = new TreeSet<>(databases.named().keySet());
        all.forEach(pool -> names.add(pool.route().entry()));
        for (String name : names) {
            DatabaseEntry entry = databases.find(name).orElse(DatabaseEntry.SAME);
            HostPort server = databases.serverOf(entry);
            PoolSettings settings = current.pooling().pooling(name, entry.user().orElse(""));
            table.add(
                    name, hosts(server, entry), server.port(), entry.database().orElse(name), entry.user().orElse(null), settings.sizes().size(),
                    settings.sizes().min(), settings.sizes().reserve(), settings.upkeep().lifetime().toSeconds(),
                    current.pooling().ofDatabase(name, "pool_mode").orElse(null), balance(entry.hosts()), settings.sizes().database(),
                    all.stream().filter(pool -> pool.route().entry().equals(name)).mapToInt(PoolState::connections).sum(),
                    current.pooling().clientLimits(name, "").database(),
                    connected.stream().filter(client -> client.database().equals(name)).count(), states.isPaused(name), states.isDisabled(name));
        }
        table.add(
                ProxyConfig.CONSOLE, null, current.listen().port(), ProxyConfig.CONSOLE, ProxyConfig.CONSOLE, 2, 0, 0, 0, "statement", null, 0, 0, 0,
                onConsole(connected), 0, 0);
        return table;
    }

    private static String hosts(HostPort first, DatabaseEntry entry) {
        return Stream.concat(Stream.of(first), entry.hosts().others().stream()).map(HostPort::host).collect(Collectors.joining(","));
    }

    /** Of lists only, as in PgBouncer. */
    private static @Nullable String balance(HostChoice hosts) {
        return hosts.others().isEmpty() ? null : hosts.balanced() ? "round-robin" : "disable";
    }

    private static long onConsole(List<ClientState> connected) {
        return connected.stream().filter(client -> client.phase() == ClientState.Phase.CONSOLE).count();
    }

    private Table pools() {
        Table table = Table.of(
                "database", "user", "cl_active int4", "cl_waiting int4", "cl_active_cancel_req int4", "cl_waiting_cancel_req int4", "sv_active int4",
                "sv_active_cancel int4", "sv_being_canceled int4", "sv_idle int4", "sv_used int4", "sv_tested int4", "sv_login int4", "maxwait int4",
                "maxwait_us int4", "pool_mode", "load_balance_hosts");
        List<ClientState> connected = clients.describe();
        pools.get().stream()
                .sorted(Comparator.comparing((PoolState pool) -> pool.route().entry()).thenComparing(pool -> pool.route().user()))
                .forEach(pool -> table.add(
                        pool.route().entry(), pool.route().user(), active(connected, pool), pool.waiting(), 0, 0,
                        pool.count(ServerState.Phase.ACTIVE), 0, pool.count(ServerState.Phase.BEING_CANCELED), pool.count(ServerState.Phase.IDLE),
                        pool.count(ServerState.Phase.USED), pool.count(ServerState.Phase.TESTED), pool.loggingIn(),
                        TimeUnit.NANOSECONDS.toSeconds(pool.longestWait()),
                        TimeUnit.NANOSECONDS.toMicros(pool.longestWait()) % TimeUnit.SECONDS.toMicros(1), pool.settings().mode().text(), balance(pool.route().hosts())));
        table.add(ProxyConfig.CONSOLE, ProxyConfig.CONSOLE, onConsole(connected), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "statement", null);
        return table;
    }

    /** Clients that have a server connection or need none at the moment. */
    private static long active(List<ClientState> connected, PoolState pool) {
        return connected.stream()
                .filter(client -> client.database().equals(pool.route().entry()) && client.serverUser().equals(pool.route().user()))
                .filter(client -> client.phase() == ClientState.Phase.ACTIVE || client.phase() == ClientState.Phase.IDLE)
                .count();
    }

    private Table lists() {
        List<ClientState> connected = clients.describe();
        List<PoolState> all = pools.get();
        Table table = Table.of("list", "items int4");
        table.add("databases", databases().rows().size());
        table.add("users", users().rows().size());
        table.add("peers", config.get().network().peering().peers().size());
        table.add("pools", pools().rows().size());
        table.add("peer_pools", 0);
        table.add("free_clients", 0);
        table.add("used_clients", connected.size());
        table.add("login_clients", connected.stream().filter(client -> client.phase() == ClientState.Phase.LOGIN).count());
        table.add("free_servers", 0);
        table.add("used_servers", all.stream().mapToInt(PoolState::connections).sum());
        return table.add("dns_names", names.all().size()).add("dns_zones", 0).add("dns_queries", 0).add("dns_pending", 0);
    }

    private Table hosts() {
        Table table = Table.of("hostname", "ttl int8", "addrs");
        names.all().forEach(name -> table.add(
                name.name(), name.left().toSeconds(), name.addresses().stream().map(InetAddress::getHostAddress).collect(Collectors.joining(","))));
        return table;
    }

    private Table users() {
        Table table = Table.of(
                "name", "pool_size", "reserve_pool_size", "pool_mode", "max_user_connections int4", "current_connections int4",
                "max_user_client_connections int4", "current_client_connections int4");
        List<ClientState> connected = clients.describe();
        List<PoolState> all = pools.get();
        var names = new TreeSet<>(config.get().authentication().users().secrets().keySet());
        all.forEach(pool -> names.add(pool.route().user()));
        connected.stream().map(ClientState::user).filter(user -> !user.isEmpty()).forEach(names::add);
        for (String name : names) {
            table.add(
                    name, own(name, "pool_size"), own(name, "reserve_pool_size"), own(name, "pool_mode"), config.get().pooling().pooling("", name).sizes().user(),
                    all.stream().filter(pool -> pool.route().user().equals(name)).mapToInt(PoolState::connections).sum(),
                    config.get().pooling().clientLimits("", name).user(),
                    connected.stream().filter(client -> client.user().equals(name)).count());
        }
        return table;
    }

    private @Nullable String own(String user, String setting) {
        return config.get().pooling().ofUser(user, setting).orElse(null);
    }

    private Table state() {
        boolean paused = states.areAllPaused();
        return Table.of("key", "value").add("active", paused ? "no" : "yes").add("paused", paused ? "yes" : "no").add("suspended", "no");
    }

    private static Table memory() {
        Table table = Table.of("name", "size int4", "used int4", "free int4", "memtotal int4");
        var heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
        table.add("heap", 1, clamped(heap.getUsed()), clamped(heap.getCommitted() - heap.getUsed()), clamped(heap.getCommitted()));
        for (BufferPoolMXBean buffers : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
            long used = buffers.getMemoryUsed();
            table.add(buffers.getName(), 1, clamped(used), clamped(buffers.getTotalCapacity() - used), clamped(buffers.getTotalCapacity()));
        }
        return table;
    }

    /** The columns are int4 in PgBouncer. */
    private static int clamped(long bytes) {
        return Math.clamp(bytes, 0, Integer.MAX_VALUE);
    }
}
