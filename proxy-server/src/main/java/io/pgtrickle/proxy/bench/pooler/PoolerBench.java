// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench.pooler;

import io.pgtrickle.proxy.bench.Environment;
import io.pgtrickle.proxy.bench.Samples;
import io.pgtrickle.proxy.bench.pooler.Pgbench.Turn;
import io.pgtrickle.proxy.bench.pooler.PoolerCell.Figures;
import io.pgtrickle.proxy.probe.FrontDoor;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** One run against a server. The targets take turns within each cell, and another one begins each time. */
public final class PoolerBench {

    private static final double MICROS_PER_MILLI = 1000;

    private final FrontDoor server;
    private final PoolerPlan plan;
    private final Consumer<PoolerCell> progress;

    public PoolerBench(FrontDoor server, PoolerPlan plan, Consumer<PoolerCell> progress) {
        this.server = server;
        this.plan = plan;
        this.progress = progress;
    }

    /**
     * @param command starts this program
     * @param directory for configuration files and logs; it must exist
     * @throws MissingTool if there is no pgbench; without PgBouncer its figures are missing
     */
    public PoolerReport run(List<String> command, Path directory) throws IOException, SQLException, InterruptedException {
        var pgbench = new Pgbench(directory);
        pgbench.createTables(server, plan.scale());
        var poolers = new Poolers(directory, server, plan);
        try (Pooler ours = poolers.pgtrickle(command)) {
            Optional<Pooler> pgbouncer = poolers.pgbouncer();
            try {
                List<Pooler> all = pgbouncer.map(other -> List.of(ours, other)).orElse(List.of(ours));
                return measure(pgbench, all);
            } finally {
                pgbouncer.ifPresent(Pooler::close);
            }
        }
    }

    private PoolerReport measure(Pgbench pgbench, List<Pooler> poolers) throws IOException, SQLException, InterruptedException {
        for (Pooler pooler : poolers) {
            for (QueryMode mode : modes(pooler)) {
                pgbench.run(pooler.door(), Workload.SELECT_ONLY, mode, plan.clients().getLast(), plan.warmUpSeconds() / plan.modes().size());
            }
        }
        var cells = new ArrayList<PoolerCell>();
        for (Workload workload : plan.workloads()) {
            for (QueryMode mode : plan.modes()) {
                for (int clients : plan.clients()) {
                    if (workload != Workload.CONNECT || mode == QueryMode.SIMPLE) {
                        cells.add(cell(pgbench, poolers, workload, mode, clients));
                        progress.accept(cells.getLast());
                    }
                }
            }
        }
        var memory = new ArrayList<Memory>();
        for (Pooler pooler : poolers) {
            memory.add(Memory.of(pooler, plan.idleClients()));
        }
        try (Connection direct = server.connect("pgtrickle bench")) {
            return new PoolerReport(Environment.of(direct), Tools.version("pgbouncer"), plan, cells, memory);
        }
    }

    private List<QueryMode> modes(Pooler pooler) {
        return plan.modes().stream().filter(mode -> pooler.prepares() || mode != QueryMode.PREPARED).toList();
    }

    /** The samples of one target in one cell. */
    private static final class Measured {
        private final Samples perSecond = new Samples();
        private final Samples p50 = new Samples();
        private final Samples p99 = new Samples();
        private final Samples cpu = new Samples();
    }

    private PoolerCell cell(Pgbench pgbench, List<Pooler> poolers, Workload workload, QueryMode mode, int clients) throws IOException, InterruptedException {
        var measured = new EnumMap<Target, Measured>(Target.class);
        List<Optional<Pooler>> order = new ArrayList<>(List.of(Optional.empty()));
        poolers.stream().filter(pooler -> modes(pooler).contains(mode)).forEach(pooler -> order.add(Optional.of(pooler)));
        for (int round = 0; round < plan.rounds(); round++) {
            for (Optional<Pooler> pooler : order) {
                Duration before = pooler.map(Pooler::cpu).orElse(Duration.ZERO);
                Turn turn = pgbench.run(pooler.map(Pooler::door).orElse(server), workload, mode, clients, plan.turnSeconds());
                Duration used = pooler.map(Pooler::cpu).orElse(Duration.ZERO).minus(before);
                add(measured.computeIfAbsent(pooler.map(Pooler::target).orElse(Target.DIRECT), _ -> new Measured()), turn, used);
            }
            Collections.rotate(order, 1);
        }
        Map<Target, Figures> figures = new EnumMap<>(Target.class);
        measured.forEach((target, samples) -> figures.put(
                target, new Figures(samples.perSecond.median(), samples.p50.median(), samples.p99.median(), samples.cpu.median())));
        return new PoolerCell(workload, mode, clients, figures);
    }

    private static void add(Measured measured, Turn turn, Duration cpu) {
        long[] latencies = turn.latencies();
        if (latencies.length > 0) {
            measured.perSecond.add(turn.perSecond());
            measured.p50.add(latencies[latencies.length / 2] / MICROS_PER_MILLI);
            measured.p99.add(latencies[(int) (latencies.length * 0.99)] / MICROS_PER_MILLI);
            measured.cpu.add(cpu.toNanos() / MICROS_PER_MILLI / latencies.length);
        }
    }
}
