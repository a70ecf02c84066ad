// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench;

import io.pgtrickle.proxy.probe.FrontDoor;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Consumer;

/** One run of everything the plan asks for, in a database of its own. */
public final class Bench {

    private final FrontDoor proxy;
    private final FrontDoor direct;
    private final BenchPlan plan;
    private final Consumer<Cell> progress;

    /**
     * @param proxy and {@code direct} lead to the same empty database
     * @param progress told about every finished cell of the matrix
     */
    public Bench(FrontDoor proxy, FrontDoor direct, BenchPlan plan, Consumer<Cell> progress) {
        this.proxy = proxy;
        this.direct = direct;
        this.plan = plan;
        this.progress = progress;
    }

    public Report run() throws SQLException, InterruptedException {
        try (Connection through = proxy.connect("pgtrickle bench");
                Connection past = direct.connect("pgtrickle bench");
                Connection byHand = direct.connect("pgtrickle bench")) {
            Environment environment = Environment.of(past);
            List<Latency> latencies = new RoundTrips(proxy, direct, plan).run();
            Visibility.Result visibility = new Visibility(proxy, direct, plan.commits()).run();
            List<Cell> matrix = new RefreshMatrix(through, past, byHand, plan, progress).run();
            return new Report(environment, plan, matrix, latencies, visibility);
        }
    }
}
