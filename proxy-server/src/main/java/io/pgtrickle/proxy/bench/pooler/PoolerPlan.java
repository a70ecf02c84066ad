// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench.pooler;

import java.util.List;

/**
 * What is measured.
 *
 * @param scale of pgbench's tables, 100,000 accounts each
 * @param servers connections each pooler may open
 * @param turnSeconds how long pgbench runs at a stretch
 * @param rounds turns of each target per cell
 * @param warmUpSeconds how long the poolers are busy before anything is measured; Java code is compiled meanwhile
 * @param idleClients that are connected while memory is measured
 */
public record PoolerPlan(
        int scale,
        int servers,
        List<Workload> workloads,
        List<QueryMode> modes,
        List<Integer> clients,
        int turnSeconds,
        int rounds,
        int warmUpSeconds,
        int idleClients) {

    public PoolerPlan {
        workloads = List.copyOf(workloads);
        modes = List.copyOf(modes);
        clients = List.copyOf(clients);
    }

    public static PoolerPlan full() {
        return new PoolerPlan(
                10, 20, List.of(Workload.values()), List.of(QueryMode.values()), List.of(1, 8, 32), 3, 3, 15, 1000);
    }

    /** Only to see that it runs. */
    public static PoolerPlan quick() {
        return new PoolerPlan(1, 5, List.of(Workload.values()), List.of(QueryMode.values()), List.of(8), 1, 1, 3, 50);
    }

    public PoolerPlan withClients(List<Integer> numbers) {
        return new PoolerPlan(scale, servers, workloads, modes, numbers, turnSeconds, rounds, warmUpSeconds, idleClients);
    }

    public PoolerPlan withRounds(int number) {
        return new PoolerPlan(scale, servers, workloads, modes, clients, turnSeconds, number, warmUpSeconds, idleClients);
    }

    public PoolerPlan withTurn(int seconds) {
        return new PoolerPlan(scale, servers, workloads, modes, clients, seconds, rounds, warmUpSeconds, idleClients);
    }
}
