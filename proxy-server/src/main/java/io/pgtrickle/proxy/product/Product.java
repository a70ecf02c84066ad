// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.product;

import io.pgtrickle.dvm.engine.DatabaseEngines;
import io.pgtrickle.dvm.engine.EngineOptions;
import io.pgtrickle.dvm.jdbc.JdbcEngines;
import io.pgtrickle.dvm.jdbc.ServerAddress;
import io.pgtrickle.proxy.admin.Operations;
import io.pgtrickle.proxy.auth.ConfiguredAuthenticator;
import io.pgtrickle.proxy.config.ConfigException;
import io.pgtrickle.proxy.config.ConfigSource;
import io.pgtrickle.proxy.config.EngineLogin;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.embedded.EmbeddedPostgres;
import io.pgtrickle.proxy.net.LockFile;
import io.pgtrickle.proxy.server.ProxyServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * pgtrickle, running. Every object is made here, by constructors, and closed here in the opposite order. Made by one
 * thread; {@link #close} may be called by any, more than once.
 */
public final class Product implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Product.class);

    /** Every cluster has it unless somebody dropped it. */
    private static final String MAINTENANCE_DATABASE = "postgres";

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();
    private final CompletableFuture<String> failure = new CompletableFuture<>();
    private final ServerAddress server;
    private final ProxyServer proxy;
    private final HostPort address;

    /**
     * Starts everything and returns when clients are accepted.
     *
     * @param progress told about the steps that take a moment
     * @throws IOException if the proxy cannot listen at its address
     */
    public Product(ProxyConfig configured, Upstream upstream, Consumer<String> progress) throws IOException {
        this(configured, Optional.empty(), upstream, progress);
    }

    /**
     * The same.
     *
     * @param source where the configuration is read anew while the product runs
     */
    public Product(ProxyConfig configured, Optional<ConfigSource> source, Upstream upstream, Consumer<String> progress) throws IOException {
        try {
            if (configured.files().pid().isPresent()) {
                own(LockFile.ofProcess(configured.files().pid().get()));
            }
            server = switch (upstream) {
                case Upstream.Embedded embedded -> start(embedded, progress);
                case Upstream.Existing existing -> server(existing.login(), configured.databases().onlyServer());
            };
            ProxyConfig config = upstream instanceof Upstream.Embedded
                    ? configured.withServer(new HostPort(server.host(), server.port()))
                    : configured;
            DatabaseEngines engines = own(JdbcEngines.open(server, new EngineOptions(true)));
            proxy = own(new ProxyServer(config, new ConfiguredAuthenticator(config), engines, source));
            address = reachable(proxy.start());
            EngineStart start = own(new EngineStart(engines, server, MAINTENANCE_DATABASE));
            if (upstream instanceof Upstream.Embedded) {
                start.awaitFirstAttempt(); // it is there for sure: ready shall mean that schedules run
            }
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private ServerAddress start(Upstream.Embedded embedded, Consumer<String> progress) {
        EmbeddedPostgres postgres = own(EmbeddedPostgres.start(embedded.options(), progress));
        postgres.onUnexpectedEnd(
                () -> failure.complete("the embedded PostgreSQL has ended; its log is " + postgres.serverLog()));
        return new ServerAddress(
                EmbeddedPostgres.HOST, postgres.port(), EmbeddedPostgres.SUPERUSER, Optional.empty(), Map.of());
    }

    private static ServerAddress server(EngineLogin login, HostPort at) {
        if (at.isUnix()) {
            LOG.warn("the engine does not use Unix sockets: it connects to localhost:{} instead of {}", at.port(), at);
        }
        return new ServerAddress(at.isUnix() ? "localhost" : at.host(), at.port(), login.user(), login.password(), login.properties());
    }

    private <T extends AutoCloseable> T own(T part) {
        parts.push(part);
        return part;
    }

    /** Every interface is not an address one can connect to. */
    private static HostPort reachable(InetSocketAddress listening) {
        if (listening.isUnresolved()) { // the directory of a Unix socket
            return new HostPort(listening.getHostString(), listening.getPort());
        }
        InetAddress host = listening.getAddress();
        return new HostPort(host.isAnyLocalAddress() ? "localhost" : host.getHostAddress(), listening.getPort());
    }

    /** Where clients connect. */
    public HostPort address() {
        return address;
    }

    /** The server behind the proxy, and as whom the engine logs in there. */
    public ServerAddress server() {
        return server;
    }

    /** Completed with the reason if the product cannot go on. */
    public CompletableFuture<String> failure() {
        return failure;
    }

    /** Nobody is let in any more; {@link #ended} is completed when the product can be closed. */
    public void shutDown(Operations.Ending ending) {
        proxy.operations().shutDown(ending);
    }

    /** @throws ConfigException and then nothing has changed */
    public void reload() {
        proxy.operations().reload();
    }

    /** Completed when somebody, here or on the admin console, has asked for the end and it has come. */
    public CompletableFuture<Void> ended() {
        return proxy.ended();
    }

    @Override
    public synchronized void close() {
        RuntimeException first = null;
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (Exception e) {
                first = first == null ? new IllegalStateException("Cannot stop cleanly: " + e.getMessage(), e) : first;
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
