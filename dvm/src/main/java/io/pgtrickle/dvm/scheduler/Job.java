// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.scheduler;

import io.pgtrickle.dvm.frontier.Frontier;
import io.pgtrickle.dvm.frontier.Window;
import io.pgtrickle.sql.render.Quoting;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** A stream table as the scheduler knows it. Touched by the leader's thread only. */
final class Job {

    /**
     * What the catalog says.
     *
     * @param idleMillis since its last refresh; empty if it never had one
     * @param owner the role that owns it
     * @param always whether it is due for a refresh whenever its time has come: unpopulated, to be made anew, uncaptured sources
     */
    record Definition(
            long id, String label, String owner, String queryView, Schedule schedule, List<Long> sources, List<Long> upstream,
            boolean always, Optional<Frontier> frontier, Optional<Long> idleMillis, int errors) {}

    private Definition definition;
    private Duration period = Duration.ZERO;
    private Optional<Frontier> frontier;
    private boolean started;
    private long dueAt;
    private boolean running;
    private long runningSince;
    private long completedStart = Long.MIN_VALUE;
    private String checkedAt = "";
    private boolean pending;
    private int failures;
    private boolean foundSlow;
    private String saidLast = "";

    Job(Definition definition) {
        this.definition = definition;
        this.frontier = definition.frontier();
        this.failures = definition.errors();
    }

    Definition definition() {
        return definition;
    }

    /** After the catalog was read again; a manual refresh may have moved the frontier. */
    void update(Definition now) {
        definition = now;
        if (!running) {
            frontier = now.frontier();
        }
        if (now.always()) {
            checkedAt = "";
        }
    }

    void setPeriod(Duration period, long now) {
        if (!started) {
            started = true;
            long idle = definition.idleMillis().orElse(Long.MAX_VALUE / 4_000_000);
            dueAt = definition.always() && definition.frontier().isEmpty()
                    ? now
                    : now + Math.max(0, period.toNanos() - idle * 1_000_000);
        } else if (period.compareTo(this.period) < 0) {
            dueAt = Math.min(dueAt, now + period.toNanos());
        }
        this.period = period;
    }

    Duration period() {
        return period;
    }

    boolean running() {
        return running;
    }

    long dueAt() {
        return dueAt;
    }

    /** True once, when its refresh has been running for so long. */
    boolean turnedSlow(long now, Duration limit) {
        boolean turned = running && !foundSlow && now - runningSince > limit.toNanos();
        foundSlow |= turned;
        return turned;
    }

    /** Whether a refresh that has to be repeated tells something else than the last one. */
    boolean isNews(String reason) {
        boolean news = !reason.equals(saidLast);
        saidLast = reason;
        return news;
    }

    boolean due(long now) {
        return !running && dueAt - now <= 0;
    }

    /** Whether nothing can have come since it was last looked at. */
    boolean upToDate(String snapshot) {
        return !pending && checkedAt.equals(snapshot);
    }

    boolean pending() {
        return pending;
    }

    void checked(String snapshot, boolean found) {
        checkedAt = snapshot;
        pending = found;
    }

    void begin(long now) {
        running = true;
        runningSince = now;
    }

    void succeeded(Optional<Frontier> reached) {
        running = false;
        pending = false;
        checkedAt = "";
        completedStart = runningSince;
        failures = 0;
        saidLast = "";
        reached.ifPresent(f -> frontier = Optional.of(f));
        dueAt = runningSince + period.toNanos();
    }

    void failed(long now, boolean counted) {
        running = false;
        checkedAt = "";
        failures = counted ? failures + 1 : failures;
        dueAt = now + (counted ? backOff(failures) : Duration.ofMillis(200)).toNanos();
    }

    /** 1 s, 2 s, 4 s … 60 s. */
    static Duration backOff(int failures) {
        return Duration.ofSeconds(Math.min(60, 1L << Math.min(6, Math.max(0, failures - 1))));
    }

    /** Whether a stream table that reads this one should wait: what this one is about to do would reach it in the same go. */
    boolean holdsBack(Job reader, long now) {
        boolean caughtUp = completedStart != Long.MIN_VALUE && completedStart - reader.dueAt >= 0;
        return !caughtUp && (running || due(now) && pending);
    }

    /** A SELECT of this job's id if its buffers hold something its frontier does not. */
    Optional<String> pendingQuery() {
        return frontier.filter(f -> !definition.sources().isEmpty()).map(f -> "SELECT " + definition.id() + " AS id WHERE "
                + definition.sources().stream().map(source -> exists(f.window(source))).collect(Collectors.joining(" OR ")));
    }

    private static String exists(Window window) {
        return "EXISTS (SELECT FROM " + Quoting.qualified(window.buffer()) + " b WHERE " + window.condition("b") + ")";
    }
}
