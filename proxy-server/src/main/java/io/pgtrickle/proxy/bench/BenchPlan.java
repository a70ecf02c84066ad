// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench;

import java.util.List;

/**
 * How much is measured.
 *
 * @param rows sizes of the source table
 * @param changes how much of it changes between two refreshes
 * @param warmUps cycles that are not counted, per cell of the matrix
 * @param cycles cycles that are
 * @param roundTrips pairs of queries, per protocol
 * @param noOps refreshes of an unchanged stream table
 * @param commits of which each is awaited in a stream table
 */
public record BenchPlan(
        List<Integer> rows, List<Scenario> scenarios, List<ChangeRate> changes, int warmUps, int cycles, int roundTrips, int noOps, int commits) {

    public BenchPlan {
        rows = List.copyOf(rows);
        scenarios = List.copyOf(scenarios);
        changes = List.copyOf(changes);
    }

    /** The matrix that is published. */
    public static BenchPlan full() {
        return new BenchPlan(List.of(10_000, 100_000), List.of(Scenario.values()), List.of(ChangeRate.values()), 2, 10, 3000, 2000, 60);
    }

    /** Enough to see that everything runs; its times mean nothing. */
    public static BenchPlan quick() {
        return new BenchPlan(List.of(500), List.of(Scenario.values()), List.of(ChangeRate.values()), 1, 2, 20, 5, 3);
    }

    public BenchPlan withRows(List<Integer> other) {
        return new BenchPlan(other, scenarios, changes, warmUps, cycles, roundTrips, noOps, commits);
    }

    public BenchPlan withScenarios(List<Scenario> other) {
        return new BenchPlan(rows, other, changes, warmUps, cycles, roundTrips, noOps, commits);
    }

    public BenchPlan withChanges(List<ChangeRate> other) {
        return new BenchPlan(rows, scenarios, other, warmUps, cycles, roundTrips, noOps, commits);
    }

    public BenchPlan withCycles(int other) {
        return new BenchPlan(rows, scenarios, changes, warmUps, other, roundTrips, noOps, commits);
    }
}
