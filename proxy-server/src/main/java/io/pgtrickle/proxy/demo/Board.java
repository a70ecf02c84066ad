// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.demo;

import io.pgtrickle.proxy.probe.Bags;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Where everything that runs in the demo notes what it saw, and the live view reads it. Thread-safe. */
final class Board {

    /** Changes per second are taken over so many statuses. */
    private static final int STATUSES_KEPT = 7;

    private static final double NANOS_PER_SECOND = 1e9;

    /**
     * What is known of one stream table.
     *
     * @param fullRefreshMillis the median of all full refreshes measured
     * @param failedChecks what the failed self-checks found
     */
    record Line(
            ShopView view,
            long rows,
            Optional<TableStatus> status,
            double changesPerSecond,
            double fullRefreshMillis,
            long checks,
            List<String> failedChecks) {}

    private static final class Notes {
        final Deque<TableStatus> statuses = new ArrayDeque<>();
        final List<Double> fullRefreshes = new ArrayList<>();
        final List<String> failedChecks = new ArrayList<>();
        long rows;
        long checks;
    }

    private final Map<String, Notes> notes = new LinkedHashMap<>();

    Board() {
        ShopView.ALL.forEach(view -> notes.put(view.name(), new Notes()));
    }

    synchronized void status(TableStatus status) {
        Notes of = notes.get(status.name());
        if (of != null) {
            of.statuses.addLast(status);
            if (of.statuses.size() > STATUSES_KEPT) {
                of.statuses.removeFirst();
            }
        }
    }

    synchronized void rows(ShopView view, long rows) {
        of(view).rows = rows;
    }

    synchronized void fullRefresh(ShopView view, double millis) {
        of(view).fullRefreshes.add(millis);
    }

    synchronized void checked(ShopView view, Bags.Comparison comparison) {
        of(view).checks++;
        if (!comparison.equal()) {
            of(view).failedChecks.add(view.name() + ": " + String.join("; ", comparison.differences()));
        }
    }

    synchronized List<Line> lines() {
        return ShopView.ALL.stream().map(this::line).toList();
    }

    private Line line(ShopView view) {
        Notes of = of(view);
        return new Line(
                view,
                of.rows,
                Optional.ofNullable(of.statuses.peekLast()),
                changesPerSecond(of.statuses),
                median(of.fullRefreshes),
                of.checks,
                List.copyOf(of.failedChecks));
    }

    private Notes of(ShopView view) {
        Notes of = notes.get(view.name());
        if (of == null) {
            throw new IllegalArgumentException(view.name());
        }
        return of;
    }

    private static double changesPerSecond(Deque<TableStatus> statuses) {
        TableStatus first = statuses.peekFirst();
        TableStatus last = statuses.peekLast();
        if (first == null || last == null || first == last) {
            return 0;
        }
        return (last.changes() - first.changes()) / ((last.at() - first.at()) / NANOS_PER_SECOND);
    }

    private static double median(List<Double> values) {
        return values.isEmpty() ? 0 : values.stream().sorted().toList().get(values.size() / 2);
    }
}
