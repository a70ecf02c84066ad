// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.FileAppender;
import io.pgtrickle.proxy.config.DatabaseEntry;
import io.pgtrickle.proxy.config.Databases;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.demo.Demo;
import io.pgtrickle.proxy.demo.Loop;
import io.pgtrickle.proxy.demo.Outcome;
import io.pgtrickle.proxy.demo.Progress;
import io.pgtrickle.proxy.demo.Screen;
import io.pgtrickle.proxy.embedded.EmbeddedPostgres;
import io.pgtrickle.proxy.embedded.EmbeddedPostgresOptions;
import io.pgtrickle.proxy.embedded.Places;
import io.pgtrickle.proxy.probe.FrontDoor;
import io.pgtrickle.proxy.product.Product;
import io.pgtrickle.proxy.product.Upstream;
import io.pgtrickle.wire.auth.StoredSecret;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pgtrickle demo}: everything at once, to look at. */
@Command(
        name = "demo",
        description = "Starts PostgreSQL, the proxy and the engine, loads a sample shop, keeps changing it and shows how five"
                + " stream tables follow.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Exit codes: 0 every stream table was found equal to its query, 1 one was not,",
            "or something else failed, 2 wrong usage. Ctrl-C ends it cleanly."
        })
final class DemoCommand implements Callable<Integer> {

    private static final int FAILED = 1;
    private static final Duration UNTIL_CTRL_C = Duration.ofDays(365);

    @Option(
            names = "--seconds",
            paramLabel = "N",
            converter = Values.Count.class,
            description = "End after so many seconds; by default it runs until Ctrl-C.")
    private @Nullable Integer seconds;

    @Option(
            names = "--listen",
            paramLabel = "HOST:PORT",
            converter = Values.Listen.class,
            description = "Where clients connect; 127.0.0.1:6432 by default.")
    private HostPort listen = Values.LISTEN;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            converter = Values.Directory.class,
            description = "Where the shop is kept between runs.")
    private @Nullable Path data;

    @Option(
            names = "--embedded-port",
            paramLabel = "N",
            converter = Values.Port.class,
            description = "The embedded server's own port; a free one by default.")
    private int embeddedPort;

    @Option(
            names = "--picture",
            paramLabel = "FILE.svg",
            converter = Values.Writable.class,
            description = "Draw the live view as it was at the end.")
    private @Nullable Path picture;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException, SQLException, InterruptedException {
        Path directory = data == null ? Places.data().resolveSibling("pgtrickle-demo") : data;
        Loop loop = new Loop();
        // instead of ending the process: the writers finish their transactions, and there is a summary
        Object interrupt = Signals.register("INT", loop::end);
        Object terminate = Signals.register("TERM", loop::end);
        try (Terminal terminal = TerminalBuilder.builder().system(true).dumb(true).graphemeCluster(false).build()) {
            boolean live = !terminal.getType().startsWith(Terminal.TYPE_DUMB);
            if (live) {
                logTo(directory.resolve("demo.log"));
            }
            Outcome outcome = run(directory, loop, live ? new Screen.Live(terminal) : new Screen.Log(out()), new Progress(out(), live));
            outcome.summary().forEach(out()::println);
            out().flush();
            if (picture != null) {
                outcome.writePicture(picture);
            }
            return outcome.succeeded() ? 0 : FAILED;
        } finally {
            Signals.unregister("INT", interrupt);
            Signals.unregister("TERM", terminate);
        }
    }

    private Outcome run(Path directory, Loop loop, Screen screen, Progress progress)
            throws SQLException, InterruptedException {
        EmbeddedPostgresOptions server = EmbeddedPostgresOptions.durable(directory).onPort(embeddedPort);
        try (Product product = new Product(config(), new Upstream.Embedded(server), progress::say)) {
            product.failure().thenRun(loop::end);
            HostPort proxy = product.address();
            Demo demo = new Demo(
                    new FrontDoor(proxy.host(), proxy.port(), EmbeddedPostgres.SUPERUSER, EmbeddedPostgres.SUPERUSER),
                    "psql -h localhost -p " + proxy.port() + " -U postgres");
            demo.prepare(progress);
            return demo.run(loop, seconds == null ? UNTIL_CTRL_C : Duration.ofSeconds(seconds), screen);
        } catch (IOException e) {
            throw new UserFacingException(FAILED, e.getMessage() + "; choose another address with --listen host:port");
        }
    }

    /** Open to everyone on this machine. psql without options takes the name of the user for the database and the role: that is the shop, too. */
    private ProxyConfig config() {
        Optional<String> shop = Optional.of(EmbeddedPostgres.SUPERUSER);
        DatabaseEntry own = new DatabaseEntry(Optional.empty(), shop, shop, new StoredSecret.None());
        ProxyConfig open = ProxyConfig.passThrough(listen).withListen(listen);
        Databases databases = open.databases();
        return open.withDatabases(
                new Databases(databases.server(), Map.of(System.getProperty("user.name"), own), databases.fallback()));
    }

    /** The live view has the terminal for itself. */
    private static void logTo(Path file) {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern("%d{yyyy-MM-dd'T'HH:mm:ss.SSS} %-5level %logger{0} %msg%n");
        encoder.start();
        FileAppender<ILoggingEvent> appender = new FileAppender<>();
        appender.setContext(context);
        appender.setFile(file.toString());
        appender.setEncoder(encoder);
        appender.start();
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.detachAndStopAllAppenders();
        root.addAppender(appender);
    }

    private CommandLine terminal() {
        return Objects.requireNonNull(spec).commandLine();
    }

    private PrintWriter out() {
        return terminal().getOut();
    }
}
