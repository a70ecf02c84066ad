// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import io.pgtrickle.dvm.jdbc.ServerAddress;
import io.pgtrickle.proxy.bench.Bench;
import io.pgtrickle.proxy.bench.BenchPlan;
import io.pgtrickle.proxy.bench.Cell;
import io.pgtrickle.proxy.bench.ChangeRate;
import io.pgtrickle.proxy.bench.Report;
import io.pgtrickle.proxy.bench.Scenario;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.embedded.EmbeddedPostgresOptions;
import io.pgtrickle.proxy.embedded.Places;
import io.pgtrickle.proxy.probe.FrontDoor;
import io.pgtrickle.proxy.probe.Sql;
import io.pgtrickle.proxy.product.Product;
import io.pgtrickle.proxy.product.Upstream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pgtrickle bench}: how fast it is on this machine. */
@Command(
        name = "bench",
        description = "Measures refreshes against REFRESH MATERIALIZED VIEW, plain and CONCURRENTLY, side by side on an embedded"
                + " PostgreSQL; what the proxy adds to a query; and how soon a committed row can be seen.",
        mixinStandardHelpOptions = true,
        subcommands = BenchProxyCommand.class,
        footer = {"", "Exit codes: 0 every stream table equalled its query, 1 one did not, 2 wrong usage."})
final class BenchCommand implements Callable<Integer> {

    private static final int NOT_EQUAL = 1;
    private static final HostPort ANY_PORT = new HostPort("127.0.0.1", 0);
    private static final String DATABASE = "bench";

    @Option(
            names = "--rows",
            split = ",",
            paramLabel = "N",
            converter = Values.Count.class,
            description = "Sizes of the source table; 10000,100000 by default.")
    private @Nullable List<Integer> rows;

    @Option(names = "--scenarios", split = ",", paramLabel = "NAME", description = "Which of ${COMPLETION-CANDIDATES}; all by default.")
    private @Nullable List<Scenario> scenarios;

    @Option(names = "--changes", split = ",", paramLabel = "NAME", description = "Which of ${COMPLETION-CANDIDATES}; all by default.")
    private @Nullable List<ChangeRate> changes;

    @Option(
            names = "--cycles",
            paramLabel = "N",
            converter = Values.Count.class,
            description = "Measured cycles per cell of the matrix; 10 by default.")
    private @Nullable Integer cycles;

    @Option(names = "--quick", description = "Only see that it runs: few rows, few cycles.")
    private boolean quick;

    @Option(names = "--json", paramLabel = "FILE", converter = Values.Writable.class, description = "Write everything measured there.")
    private @Nullable Path json;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            converter = Values.Directory.class,
            description = "Keep the embedded server's data there; by default it is deleted.")
    private @Nullable Path data;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException, SQLException, InterruptedException {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        Path directory = data == null ? Places.cache().resolve("bench-" + ProcessHandle.current().pid()) : data;
        EmbeddedPostgresOptions server = EmbeddedPostgresOptions.durable(directory);
        try (Product product = new Product(ProxyConfig.passThrough(ANY_PORT).withListen(ANY_PORT), new Upstream.Embedded(server), err::println)) {
            ServerAddress behind = product.server();
            FrontDoor direct = new FrontDoor(behind.host(), behind.port(), DATABASE, behind.user());
            FrontDoor proxy = new FrontDoor(product.address().host(), product.address().port(), DATABASE, behind.user());
            createDatabase(direct);
            Report report = new Bench(proxy, direct, plan(), cell -> progress(err, cell)).run();
            print(out, report);
            if (json != null) {
                report.writeJson(json);
            }
            return report.allEqual() ? 0 : NOT_EQUAL;
        } finally {
            if (data == null) {
                delete(directory);
            }
        }
    }

    private BenchPlan plan() {
        BenchPlan plan = quick ? BenchPlan.quick() : BenchPlan.full();
        plan = rows == null ? plan : plan.withRows(rows);
        plan = scenarios == null ? plan : plan.withScenarios(scenarios);
        plan = changes == null ? plan : plan.withChanges(changes);
        return cycles == null ? plan : plan.withCycles(cycles);
    }

    private static void createDatabase(FrontDoor direct) throws SQLException {
        try (Connection connection = direct.withDatabase("postgres").connect("pgtrickle bench")) {
            Sql.run(connection, "DROP DATABASE IF EXISTS " + DATABASE + " WITH (FORCE)", "CREATE DATABASE " + DATABASE);
        }
    }

    static void delete(Path directory) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private static void progress(PrintWriter err, Cell cell) {
        err.println(String.format(
                Locale.ROOT,
                "%-10s %,9d rows, %5s changed: %8.2f ms, REFRESH %8.2f ms, CONCURRENTLY %8.2f ms",
                cell.scenario().name().toLowerCase(Locale.ROOT), cell.rows(), cell.change().label(), cell.streamTableMs(),
                cell.refreshMs(), cell.concurrentlyMs()));
        err.flush();
    }

    private static void print(PrintWriter out, Report report) {
        out.println(report.matrixTable());
        out.println();
        out.println(report.latencyTable());
        out.println();
        out.println(report.visibilityLine());
        out.flush();
    }
}
