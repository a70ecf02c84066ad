// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.server;

import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.pgtrickle.dvm.engine.Engines;
import io.pgtrickle.proxy.admin.AdminConsole;
import io.pgtrickle.proxy.admin.DatabaseControl;
import io.pgtrickle.proxy.admin.Operations;
import io.pgtrickle.proxy.admin.Shows;
import io.pgtrickle.proxy.admin.Statistics;
import io.pgtrickle.proxy.auth.Authenticator;
import io.pgtrickle.proxy.client.ClientSession;
import io.pgtrickle.proxy.client.Clients;
import io.pgtrickle.proxy.client.Peers;
import io.pgtrickle.proxy.client.ProxyContext;
import io.pgtrickle.proxy.config.ConfigSource;
import io.pgtrickle.proxy.config.PoolMode;
import io.pgtrickle.proxy.config.PoolSettings;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.intercept.EngineCalls;
import io.pgtrickle.proxy.metrics.MetricsEndpoint;
import io.pgtrickle.proxy.net.Resolver;
import io.pgtrickle.proxy.net.Sockets;
import io.pgtrickle.proxy.net.Transport;
import io.pgtrickle.proxy.pool.DatabaseStates;
import io.pgtrickle.proxy.pool.LookupSessions;
import io.pgtrickle.proxy.pool.Pools;
import io.pgtrickle.proxy.tls.TlsContexts;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The proxy: listens, and gives each client a session. Made, started and closed by one thread. */
public final class ProxyServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ProxyServer.class);

    /** Commands of ours that may run at the same time; each occupies little more than its client's own server connection. */
    private static final int ENGINE_CALLS_AT_ONCE = 64;

    /** Connections for auth_query to each database; each is busy for a fraction of a millisecond. */
    private static final int LOOKUPS_AT_ONCE = 4;

    private static final int QUIET_SECONDS = 5;
    private static final long SHORTEST_PERIOD_MILLIS = 100;

    private final ProxyConfig config;
    private final Authenticator door;
    private final Engines engines;
    private final TlsContexts tls;
    private final Transport loops;
    private final Sockets sockets;
    private final ChannelGroup clients = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private @Nullable Listeners listeners;

    private final Optional<ConfigSource> source;
    private @Nullable RunningProxy running;
    private @Nullable MetricsEndpoint metrics;

    /**
     * @param engines stays the caller's to close, after the proxy
     * @throws io.pgtrickle.proxy.config.ConfigException if a file that TLS needs cannot be used
     */
    public ProxyServer(ProxyConfig config, Authenticator door, Engines engines) {
        this(config, door, engines, Optional.empty());
    }

    /** @param source where the configuration is read anew */
    public ProxyServer(ProxyConfig config, Authenticator door, Engines engines, Optional<ConfigSource> source) {
        this(config, door, engines, source, Resolver.Lookup.ofSystem());
    }

    /** @param lookup how servers' names are looked up */
    public ProxyServer(ProxyConfig config, Authenticator door, Engines engines, Optional<ConfigSource> source, Resolver.Lookup lookup) {
        this.source = source;
        this.config = config;
        this.door = door;
        this.engines = engines;
        this.tls = new TlsContexts(config.tls());
        this.loops = Transport.start(config.network().eventLoops());
        this.sockets = new Sockets(loops, config.network(), lookup);
    }

    /**
     * Accepts clients from now on.
     *
     * @return the address clients connect to: the first one, when there are several; if there is only a Unix socket, its directory is the host
     */
    public InetSocketAddress start() throws IOException {
        var states = new DatabaseStates();
        var pool = new Pools(sockets, config.limits().serverConnectTimeout(), tls, loops.group(), states);
        // Apart from the clients' pools: nothing a client does to a session may meet auth_query.
        var lookupPools = new Pools(sockets, config.limits().serverConnectTimeout(), tls, loops.group(), states);
        door.open(new LookupSessions(lookupPools, lookups(config.pooling().pooling()), loops.group()));
        var context = new ProxyContext(
                door, pool, config.pooling(), new EngineCalls(engines, ENGINE_CALLS_AT_ONCE), config.limits(), config.logging(), tls, clients, states,
                config.reception(), new Peers(config.network().peering(), sockets));
        var opened = new Listeners(loops, sockets, channel -> ClientSession.install(channel, context));
        open(context, pool, lookupPools, states, opened);
        listeners = opened;
        return opened.open(config);
    }

    private void open(ProxyContext context, Pools pool, Pools lookupPools, DatabaseStates states, Listeners doors) throws IOException {
        var connected = new Clients(clients);
        var databases = new DatabaseControl(List.of(pool, lookupPools), connected, states);
        var proxy = new RunningProxy(config, source, door, tls, context, pool, lookupPools, connected, databases, doors);
        var statistics = new Statistics(pool::describe);
        var shows = new Shows(proxy::config, connected, pool::describe, lookupPools::describe, states, statistics, sockets.names());
        context.open(new AdminConsole(shows, databases, proxy));
        tick(statistics, proxy);
        if (config.admin().metrics().isPresent()) {
            metrics = new MetricsEndpoint(config.admin().metrics().get(), shows);
            LOG.info("metrics on port {}", metrics.port());
        }
        running = proxy;
    }

    /** After every stats_period, as it is then. */
    private void tick(Statistics statistics, RunningProxy proxy) {
        long millis = Math.max(SHORTEST_PERIOD_MILLIS, proxy.config().admin().statsPeriod().toMillis());
        loops.group().schedule(() -> {
            statistics.tick();
            tick(statistics, proxy);
        }, millis, TimeUnit.MILLISECONDS);
    }

    private RunningProxy running() {
        RunningProxy proxy = running;
        if (proxy == null) {
            throw new IllegalStateException("not started");
        }
        return proxy;
    }

    /** RELOAD and SHUTDOWN, for whoever is not on the console. */
    public Operations operations() {
        return running();
    }

    /** Completed when somebody has asked for the proxy's end and it can be closed. */
    public CompletableFuture<Void> ended() {
        return running().ended();
    }

    /** Where load balancers that speak the PROXY protocol connect to. */
    public List<InetSocketAddress> proxiedAddresses() {
        return listeners == null ? List.of() : listeners.proxied();
    }

    /** Where Prometheus can ask, if it can. */
    public OptionalInt metricsPort() {
        MetricsEndpoint endpoint = metrics;
        return endpoint == null ? OptionalInt.empty() : OptionalInt.of(endpoint.port());
    }

    static PoolSettings lookups(PoolSettings clients) {
        var sizes = new PoolSettings.Sizes(LOOKUPS_AT_ONCE, 0, 0, Duration.ZERO, 0, 0);
        return new PoolSettings(
                PoolMode.TRANSACTION, sizes, clients.waiting(), clients.upkeep(), new PoolSettings.Queries("", false, "", ""));
    }

    /** Stops accepting, tells the clients why their sessions end, and waits for the event loops to end. */
    @Override
    public void close() {
        if (metrics != null) {
            metrics.close();
        }
        if (listeners != null) {
            listeners.close();
        }
        new Clients(clients).shutDown();
        if (!clients.newCloseFuture().awaitUninterruptibly(QUIET_SECONDS, TimeUnit.SECONDS)) {
            clients.close().awaitUninterruptibly();
        }
        loops.group().shutdownGracefully(0, QUIET_SECONDS, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
