// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench.pooler;

import io.pgtrickle.proxy.bench.Environment;
import io.pgtrickle.proxy.bench.Tables;
import io.pgtrickle.proxy.bench.pooler.PoolerCell.Figures;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * Everything one run measured.
 *
 * @param pgbouncer its version; empty if it is not installed
 */
public record PoolerReport(
        Environment environment, Optional<String> pgbouncer, PoolerPlan plan, List<PoolerCell> cells, List<Memory> memory) {

    private static final double MEBIBYTE = 1 << 20;
    private static final String NOTHING = "-";

    public PoolerReport {
        cells = List.copyOf(cells);
        memory = List.copyOf(memory);
    }

    public void writeJson(Path file) throws IOException {
        Tables.writeJson(file, this);
    }

    public String throughputTable() {
        return Tables.table(
                cells,
                List.of(
                        Tables.left("pgbench").with(cell -> cell.workload().label()),
                        Tables.left("mode").with(cell -> cell.mode().label()),
                        Tables.right("clients").with(cell -> Integer.toString(cell.clients())),
                        Tables.right("direct tps").with(cell -> figure(cell, Target.DIRECT, Figures::perSecond)),
                        Tables.right("ours").with(cell -> figure(cell, Target.PGTRICKLE, Figures::perSecond)),
                        Tables.right("PgBouncer").with(cell -> figure(cell, Target.PGBOUNCER, Figures::perSecond)),
                        Tables.right("x direct").with(cell -> times(cell.timesDirect())),
                        Tables.right("x PgBouncer").with(cell -> times(cell.timesPgBouncer())),
                        Tables.right("p50 ms ours").with(cell -> figure(cell, Target.PGTRICKLE, Figures::p50)),
                        Tables.right("PgBouncer").with(cell -> figure(cell, Target.PGBOUNCER, Figures::p50)),
                        Tables.right("p99 ms ours").with(cell -> figure(cell, Target.PGTRICKLE, Figures::p99)),
                        Tables.right("PgBouncer").with(cell -> figure(cell, Target.PGBOUNCER, Figures::p99)),
                        Tables.right("CPU us ours").with(cell -> figure(cell, Target.PGTRICKLE, Figures::cpu)),
                        Tables.right("PgBouncer").with(cell -> figure(cell, Target.PGBOUNCER, Figures::cpu))));
    }

    private static String figure(PoolerCell cell, Target target, ToDoubleFunction<Figures> which) {
        return cell.of(target).map(figures -> Tables.number(which.applyAsDouble(figures))).orElse(NOTHING);
    }

    private static String times(Optional<Double> ratio) {
        return ratio.map(Tables::number).orElse(NOTHING);
    }

    public String memoryTable() {
        return Tables.table(
                memory,
                List.of(
                        Tables.left("pooler").with(row -> row.target() == Target.PGTRICKLE ? "ours" : "PgBouncer"),
                        Tables.right("ready after ms").with(row -> Tables.number(row.start())),
                        Tables.right("idle clients").with(row -> Integer.toString(row.clients())),
                        Tables.right("memory MB before").with(row -> megabytes(row.residentBefore())),
                        Tables.right("with them").with(row -> megabytes(row.resident())),
                        Tables.right("heap in use MB").with(row -> megabytes(row.heap()))));
    }

    private static String megabytes(Optional<Long> bytes) {
        return bytes.map(number -> Tables.number(number / MEBIBYTE)).orElse(NOTHING);
    }
}
