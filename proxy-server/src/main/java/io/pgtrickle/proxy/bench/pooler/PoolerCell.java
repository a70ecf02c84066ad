// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench.pooler;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Map;
import java.util.Optional;

/** One workload in one mode with so many clients, on each target that can do it. */
public record PoolerCell(Workload workload, QueryMode mode, int clients, Map<Target, Figures> figures) {

    /**
     * Medians over the turns.
     *
     * @param perSecond transactions per second
     * @param p50 latency in milliseconds that half of the transactions do not exceed
     * @param p99 the same of 99 %
     * @param cpu the pooler's processor time per transaction in microseconds; 0 for the server itself
     */
    public record Figures(double perSecond, double p50, double p99, double cpu) {}

    /** How many times as much throughput as PgBouncer. */
    @JsonProperty
    public Optional<Double> timesPgBouncer() {
        return times(Target.PGBOUNCER);
    }

    /** How many times as much throughput as without a pooler. */
    @JsonProperty
    public Optional<Double> timesDirect() {
        return times(Target.DIRECT);
    }

    private Optional<Double> times(Target other) {
        return of(other).flatMap(theirs -> of(Target.PGTRICKLE).map(ours -> ours.perSecond() / theirs.perSecond()));
    }

    Optional<Figures> of(Target target) {
        return Optional.ofNullable(figures.get(target));
    }
}
