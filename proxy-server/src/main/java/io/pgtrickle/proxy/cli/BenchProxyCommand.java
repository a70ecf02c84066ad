// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import io.pgtrickle.proxy.bench.pooler.MissingTool;
import io.pgtrickle.proxy.bench.pooler.PoolerBench;
import io.pgtrickle.proxy.bench.pooler.PoolerCell;
import io.pgtrickle.proxy.bench.pooler.PoolerPlan;
import io.pgtrickle.proxy.bench.pooler.PoolerReport;
import io.pgtrickle.proxy.embedded.EmbeddedPostgres;
import io.pgtrickle.proxy.embedded.EmbeddedPostgresOptions;
import io.pgtrickle.proxy.probe.FrontDoor;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code pgtrickle bench proxy}: how fast it is as a pooler on this machine. */
@Command(
        name = "proxy",
        description = "Runs pgbench straight to an embedded PostgreSQL, through the proxy in transaction mode and, if it is"
                + " installed, through PgBouncer with the same configuration, turn by turn.",
        mixinStandardHelpOptions = true)
final class BenchProxyCommand implements Callable<Integer> {

    private static final int FAILED = 1;
    private static final String DATABASE = "postgres";
    private static final String MAX_CONNECTIONS = "200";

    @Option(
            names = "--clients",
            split = ",",
            paramLabel = "N",
            converter = Values.Count.class,
            description = "Numbers of clients; 1,8,32 by default.")
    private @Nullable List<Integer> clients;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            converter = Values.Count.class,
            description = "How long pgbench runs at a stretch; 3 by default.")
    private @Nullable Integer seconds;

    @Option(names = "--rounds", paramLabel = "N", converter = Values.Count.class, description = "Turns of each per cell; 3 by default.")
    private @Nullable Integer rounds;

    @Option(names = "--quick", description = "Only see that it runs.")
    private boolean quick;

    @Option(names = "--json", paramLabel = "FILE", converter = Values.Writable.class, description = "Write everything measured there.")
    private @Nullable Path json;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws IOException, SQLException, InterruptedException {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        Path directory = Files.createTempDirectory("pgtrickle-bench");
        var options = EmbeddedPostgresOptions.durable(directory.resolve("server")).with("max_connections", MAX_CONNECTIONS);
        try (EmbeddedPostgres postgres = EmbeddedPostgres.start(options, err::println)) {
            var server = new FrontDoor(EmbeddedPostgres.HOST, postgres.port(), DATABASE, EmbeddedPostgres.SUPERUSER);
            Path work = Files.createDirectory(directory.resolve("poolers"));
            PoolerReport report = new PoolerBench(server, plan(), cell -> progress(err, cell)).run(ownCommand(), work);
            out.println(report.throughputTable());
            out.println();
            out.println(report.memoryTable());
            if (report.pgbouncer().isEmpty()) {
                out.println();
                out.println("PgBouncer is not installed; Debian and Ubuntu have it in pgbouncer.");
            }
            out.flush();
            if (json != null) {
                report.writeJson(json);
            }
            return 0;
        } catch (MissingTool e) {
            throw new UserFacingException(FAILED, String.valueOf(e.getMessage()));
        } finally {
            BenchCommand.delete(directory);
        }
    }

    private PoolerPlan plan() {
        PoolerPlan plan = quick ? PoolerPlan.quick() : PoolerPlan.full();
        plan = clients == null ? plan : plan.withClients(clients);
        plan = seconds == null ? plan : plan.withTurn(seconds);
        return rounds == null ? plan : plan.withRounds(rounds);
    }

    /** Starts this program once more. */
    private static List<String> ownCommand() {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        return command;
    }

    private static void progress(PrintWriter err, PoolerCell cell) {
        err.println(String.format(
                Locale.ROOT,
                "%-18s %-8s %3d clients: %s of PgBouncer's throughput, %s of the server's",
                cell.workload().label(), cell.mode().label(), cell.clients(), percent(cell.timesPgBouncer().orElse(0.0)),
                percent(cell.timesDirect().orElse(0.0))));
        err.flush();
    }

    private static String percent(double ratio) {
        return ratio == 0 ? "-" : Math.round(ratio * 100) + " %";
    }
}
