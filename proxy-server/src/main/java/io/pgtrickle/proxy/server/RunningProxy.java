// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.server;

import io.pgtrickle.proxy.admin.DatabaseControl;
import io.pgtrickle.proxy.admin.Operations;
import io.pgtrickle.proxy.auth.Authenticator;
import io.pgtrickle.proxy.auth.Route;
import io.pgtrickle.proxy.client.Clients;
import io.pgtrickle.proxy.client.ProxyContext;
import io.pgtrickle.proxy.config.AuthType;
import io.pgtrickle.proxy.config.ConfigException;
import io.pgtrickle.proxy.config.ConfigFile.Loaded;
import io.pgtrickle.proxy.config.ConfigSource;
import io.pgtrickle.proxy.config.DatabaseEntry;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.PoolSettings;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.pool.Pools;
import io.pgtrickle.proxy.tls.TlsContexts;
import io.pgtrickle.wire.backend.Report;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What changes in a proxy while it runs: its configuration, and that it ends. Thread-safe. */
final class RunningProxy implements Operations {

    private static final Logger LOG = LoggerFactory.getLogger(RunningProxy.class);

    private static final Report ENDING = Report.fatal("57P01", "the proxy is shutting down");

    private final Optional<ConfigSource> source;
    private final Authenticator door;
    private final TlsContexts tls;
    private final ProxyContext context;
    private final Pools pools;
    private final Pools lookups;
    private final Clients clients;
    private final DatabaseControl databases;
    private final Listeners listeners;
    private final HostPort engineServer;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private volatile ProxyConfig config;
    private volatile boolean shuttingDown;

    RunningProxy(
            ProxyConfig config, Optional<ConfigSource> source, Authenticator door, TlsContexts tls, ProxyContext context, Pools pools, Pools lookups,
            Clients clients, DatabaseControl databases, Listeners listeners) {
        this.config = config;
        this.source = source;
        this.door = door;
        this.tls = tls;
        this.context = context;
        this.pools = pools;
        this.lookups = lookups;
        this.clients = clients;
        this.databases = databases;
        this.listeners = listeners;
        this.engineServer = config.databases().server();
    }

    @Override
    public ProxyConfig config() {
        return config;
    }

    /** Completed when SHUTDOWN has come to its end. */
    CompletableFuture<Void> ended() {
        return ended;
    }

    @Override
    public synchronized List<String> reload() {
        return source().reload(this::apply);
    }

    @Override
    public synchronized List<String> set(String key, String value) {
        return source().set(key, value, this::apply);
    }

    private ConfigSource source() {
        return source.orElseThrow(() -> new ConfigException("the proxy was started without a configuration file"));
    }

    private List<String> apply(Loaded loaded) {
        ProxyConfig before = config;
        var warnings = new ArrayList<>(loaded.warnings());
        ProxyConfig wanted = loaded.config();
        ProxyConfig now = wanted.keeping(before);
        if (!now.equals(wanted)) {
            warnings.add("where the proxy listens (listen_addr, listen_port, unix_socket_*, …), and what [pgtrickle] sets take a new start to change");
        }
        if (!server(now).equals(server(before))) {
            warnings.add("clients go to " + server(now) + " now; the engine stays with " + server(before) + " until a new start");
        }
        TlsContexts.Changes changes = tls.rebuild(now.tls()); // the last that can fail
        door.reload(now);
        listeners.reload(now.network());
        context.reload(now.pooling(), now.limits(), now.logging(), now.reception());
        context.peers().reload(now.network().peering());
        pools.reload(route -> place(route, now), route -> rules(route, now), now.limits().serverConnectTimeout());
        lookups.reload(route -> place(route, now), _ -> ProxyServer.lookups(now.pooling().pooling()), now.limits().serverConnectTimeout());
        if (changes.servers()) {
            databases.reconnect("");
        }
        config = now;
        LOG.info("the configuration has been read anew");
        warnings.forEach(LOG::warn);
        return warnings;
    }

    private HostPort server(ProxyConfig of) {
        return of.databases().named().isEmpty() && of.databases().fallback().isEmpty() ? engineServer : of.databases().onlyServer();
    }

    /** A client's own connection, of its own login, goes by no rules. */
    private static PoolSettings rules(Route route, ProxyConfig now) {
        return now.authentication().type() == AuthType.PASSTHROUGH ? PoolSettings.UNSHARED : now.pooling().pooling(route.entry(), route.user());
    }

    /** Where connections for a database go by now; those of one that is not listed any more stay. */
    private static Route place(Route route, ProxyConfig now) {
        Optional<DatabaseEntry> entry = now.databases().find(route.entry());
        if (entry.isEmpty()) {
            return route;
        }
        HostPort server = now.databases().serverOf(entry.get());
        return new Route(route.entry(), server.host(), server.port(), entry.get().database().orElse(route.entry()), route.user(), entry.get().hosts());
    }

    @Override
    public boolean isShuttingDown() {
        return shuttingDown;
    }

    @Override
    public void shutDown(Ending ending) {
        shuttingDown = true;
        listeners.close();
        switch (ending) {
            case NOW -> ended.complete(null);
            case WAIT_FOR_SERVERS -> databases.releaseServers(ENDING).thenRun(() -> ended.complete(null));
            case WAIT_FOR_CLIENTS -> pools.until(() -> !clients.areThere()).thenRun(() -> ended.complete(null));
        }
    }
}
