// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import io.pgtrickle.proxy.config.ConfigFile;
import io.pgtrickle.proxy.config.ConfigSource;
import io.pgtrickle.proxy.config.EngineLogin;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.LibpqRules;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.embedded.EmbeddedPostgres;
import io.pgtrickle.proxy.embedded.EmbeddedPostgresOptions;
import io.pgtrickle.proxy.embedded.Places;
import io.pgtrickle.proxy.product.Product;
import io.pgtrickle.proxy.product.Upstream;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.BindException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code pgtrickle run}: the product, until a signal ends it. */
@Command(
        name = "run",
        description = "Runs the proxy and the engine, with an embedded PostgreSQL 18 (--data, --embedded-port) or in front of one"
                + " that runs already (--server, --user, --config).",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Prints one line `ready postgresql://...` when clients are accepted and logs",
            "to standard error. SIGTERM ends it when the last client has left, Ctrl-C when",
            "no client uses a server connection, the second of either at once; SIGHUP reads",
            "the configuration anew. Exit codes: 0 after SHUTDOWN on the admin console, 1 it",
            "could not start or not go on, 2 wrong usage, 130 after Ctrl-C, 143 after SIGTERM."
        })
final class RunCommand implements Callable<Integer> {

    private static final Logger LOG = LoggerFactory.getLogger(RunCommand.class);

    private static final int FAILED = 1;

    @Option(
            names = "--listen",
            paramLabel = "HOST:PORT",
            converter = Values.Listen.class,
            description = "Where clients connect; 127.0.0.1:6432 by default, `*` is every interface.")
    private @Nullable HostPort listen;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            converter = Values.Directory.class,
            description = "Where the embedded server keeps its data.")
    private @Nullable Path data;

    @Option(
            names = "--embedded-port",
            paramLabel = "N",
            converter = Values.Port.class,
            description = "The embedded server's own port; a free one by default.")
    private @Nullable Integer embeddedPort;

    @Option(
            names = "--server",
            paramLabel = "HOST:PORT",
            converter = Values.Server.class,
            description = "A PostgreSQL 18 that runs already.")
    private @Nullable HostPort server;

    @Option(
            names = "--user",
            paramLabel = "NAME",
            description = "As whom the engine logs in there. PGUSER, PGPASSWORD, PGSERVICE and .pgpass work as everywhere.")
    private @Nullable String user;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            converter = Values.Readable.class,
            description = "Configuration in pgbouncer.ini's syntax.")
    private @Nullable Path config;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        boolean existing = server != null || user != null || config != null;
        if (existing && (data != null || embeddedPort != null)) {
            throw new ParameterException(
                    terminal(), "--data and --embedded-port are for the embedded server, --server, --user and --config for another one");
        }
        if (!existing && listen != null && !Values.isLoopback(listen)) {
            LOG.warn("whoever can reach {} may log in as any role without a password: the embedded server trusts the proxy", listen);
        }
        Optional<ConfigSource> source = Optional.ofNullable(config).map(file -> new ConfigSource(file, this::adapted));
        ProxyConfig proxyConfig = existing
                ? source.map(RunCommand::loaded).orElseGet(() -> adapted(ProxyConfig.passThrough(server == null ? LibpqRules.ofThisProcess().server() : server)))
                : adapted(ProxyConfig.passThrough(Values.LISTEN));
        try {
            if (source.isPresent() && proxyConfig.files().log().isPresent()) {
                source.get().onReload(LogFile.open(proxyConfig.files().log().get())::reopen);
            }
            Product product = new Product(proxyConfig, source, existing ? existingServer(proxyConfig) : embeddedServer(), LOG::info);
            // System.exit waits for it
            Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(product), "shutdown"));
            RunSignals signals = new RunSignals(product, source.isPresent());
            PrintWriter out = terminal().getOut();
            out.println("ready " + url(product, existing));
            out.flush();
            return signals.await();
        } catch (BindException e) {
            throw new UserFacingException(FAILED, e.getMessage() + "; choose another address with --listen host:port");
        } catch (IOException e) {
            throw new UserFacingException(FAILED, String.valueOf(e.getMessage()));
        }
    }

    private static void stop(Product product) {
        LOG.info("stopping");
        product.close();
        LOG.info("stopped");
    }

    private static ProxyConfig loaded(ConfigSource source) {
        ConfigFile.Loaded loaded = source.load();
        loaded.warnings().forEach(LOG::warn);
        return loaded.config();
    }

    /** The options come before the file. */
    private ProxyConfig adapted(ProxyConfig proxyConfig) {
        ProxyConfig moved = server == null ? proxyConfig : proxyConfig.withServer(server);
        if (listen != null) {
            return moved.withListen(listen);
        }
        return config == null ? moved.withListen(Values.LISTEN) : moved;
    }

    private Upstream existingServer(ProxyConfig proxyConfig) {
        EngineLogin login = LibpqRules.ofThisProcess().login(Optional.ofNullable(user).or(proxyConfig.engine()::user));
        login.warnings().forEach(LOG::warn);
        return new Upstream.Existing(login);
    }

    private Upstream embeddedServer() {
        Path directory = data == null ? Places.data() : data;
        return new Upstream.Embedded(
                EmbeddedPostgresOptions.durable(directory).onPort(embeddedPort == null ? 0 : embeddedPort));
    }

    private static String url(Product product, boolean existing) {
        String role = existing ? "" : EmbeddedPostgres.SUPERUSER + "@";
        String host = product.address().host();
        String database = existing ? "" : "postgres";
        return host.startsWith("/") || host.startsWith("@")
                ? "postgresql://" + role + "/" + database + "?host=" + URLEncoder.encode(host, StandardCharsets.UTF_8) + "&port=" + product.address().port()
                : "postgresql://" + role + product.address() + "/" + database;
    }

    private CommandLine terminal() {
        return Objects.requireNonNull(spec).commandLine();
    }
}
