// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

import io.pgtrickle.proxy.backend.Figures;
import io.pgtrickle.proxy.pool.PoolState;
import java.time.Duration;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** What was counted for each database, and how much of it in the last period; until the first is over, since the start. Thread-safe. */
public final class Statistics {

    /** Two moments, and what was counted until each. */
    private record Period(long begin, Map<String, Figures> before, long end, Map<String, Figures> after) {}

    private final Supplier<Iterable<PoolState>> pools;
    private final long started = System.nanoTime();
    private volatile Period last = new Period(started, Map.of(), started, Map.of());

    /** @param pools of clients */
    public Statistics(Supplier<Iterable<PoolState>> pools) {
        this.pools = pools;
    }

    /** A period is over. */
    public void tick() {
        Period before = last;
        last = new Period(before.end, before.after, System.nanoTime(), totals());
    }

    /** By database, as clients call it. */
    SortedMap<String, Figures> totals() {
        var totals = new TreeMap<String, Figures>();
        pools.get().forEach(pool -> totals.merge(pool.route().entry(), pool.figures(), Figures::plus));
        return totals;
    }

    /** In a second, or what one took: of the last period. */
    Figures average(String database) {
        Period period = last;
        if (period.begin == period.end) {
            return averaged(totals().getOrDefault(database, Figures.ZERO), System.nanoTime() - started);
        }
        Figures after = period.after.getOrDefault(database, Figures.ZERO);
        return averaged(after.minus(period.before.getOrDefault(database, Figures.ZERO)), period.end - period.begin);
    }

    /** The same over all databases. */
    Figures average() {
        Period period = last;
        return period.begin == period.end
                ? averaged(sum(totals()), System.nanoTime() - started)
                : averaged(sum(period.after).minus(sum(period.before)), period.end - period.begin);
    }

    static Figures sum(Map<String, Figures> figures) {
        return figures.values().stream().reduce(Figures.ZERO, Figures::plus);
    }

    private static Figures averaged(Figures figures, long nanos) {
        double seconds = Math.max(1e-9, nanos / (double) Duration.ofSeconds(1).toNanos());
        return new Figures(
                (long) (figures.assignments() / seconds),
                (long) (figures.transactions() / seconds),
                (long) (figures.queries() / seconds),
                (long) (figures.received() / seconds),
                (long) (figures.sent() / seconds),
                each(figures.transactionTime(), figures.transactions()),
                each(figures.queryTime(), figures.queries()),
                each(figures.waitTime(), figures.assignments()),
                (long) (figures.clientParses() / seconds),
                (long) (figures.serverParses() / seconds),
                (long) (figures.binds() / seconds));
    }

    private static long each(long time, long count) {
        return count == 0 ? 0 : time / count;
    }

    static long micros(long nanos) {
        return TimeUnit.NANOSECONDS.toMicros(nanos);
    }
}
