// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.dvm.frontier.Frontier;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class JobTest {

    private static final Duration PERIOD = Duration.ofMillis(100);
    private static final long START = 5_000_000_000L;

    private static Job job(long id, Optional<Long> idleMillis) {
        Frontier frontier = new Frontier("10:20:12,14", Optional.empty(), "c/1");
        Job job = new Job(new Job.Definition(id, "s.t" + id, "alice", "t_query", Schedule.CALCULATED, List.of(7L), List.of(), false,
                Optional.of(frontier), idleMillis, 0));
        job.setPeriod(PERIOD, START);
        return job;
    }

    private static long after(Duration time) {
        return START + time.toNanos();
    }

    @Test
    void isDueWhenItsPeriodHasPassedSinceItsLastRefresh() {
        Job job = job(1, Optional.of(60L));
        assertThat(job.due(after(Duration.ofMillis(39)))).isFalse();
        assertThat(job.due(after(Duration.ofMillis(40)))).isTrue();
    }

    @Test
    void isDueAtOnceWhenItWasNeverRefreshed() {
        assertThat(job(1, Optional.empty()).due(START)).isTrue();
    }

    @Test
    void countsItsPeriodFromTheStartOfARefresh() {
        Job job = job(1, Optional.empty());
        job.begin(START);
        assertThat(job.due(after(PERIOD))).isFalse();
        job.succeeded(Optional.empty());
        assertThat(job.due(after(Duration.ofMillis(99)))).isFalse();
        assertThat(job.due(after(PERIOD))).isTrue();
    }

    @Test
    void asksForWhatItsFrontierHasNotSeen() {
        assertThat(job(1, Optional.empty()).pendingQuery()).contains(
                "SELECT 1 AS id WHERE EXISTS (SELECT FROM pgtrickle_changes.changes_7 b WHERE "
                        + "(b.__pgt_xid >= '20'::xid8 OR b.__pgt_xid = ANY ('{12,14}'::xid8[])))");
    }

    @Test
    void isUpToDateAsLongAsNothingWasCommitted() {
        Job job = job(1, Optional.empty());
        job.checked("1:2:", false);
        assertThat(job.upToDate("1:2:")).isTrue();
        assertThat(job.upToDate("1:3:")).isFalse();
        job.checked("1:3:", true);
        assertThat(job.upToDate("1:3:")).isFalse();
    }

    @Test
    void aReaderWaitsForWhatItReadsAndOnlyOnce() {
        Job upstream = job(1, Optional.empty());
        Job reader = job(2, Optional.empty());
        upstream.checked("1:2:", true);
        assertThat(upstream.holdsBack(reader, START)).as("has work").isTrue();
        upstream.begin(START);
        assertThat(upstream.holdsBack(reader, START)).as("is at it").isTrue();
        upstream.succeeded(Optional.empty());
        assertThat(upstream.holdsBack(reader, START)).as("is done").isFalse();
        upstream.begin(START + 1);
        assertThat(upstream.holdsBack(reader, START + 1)).as("starts again").isFalse();
    }

    @Test
    void failuresAreRepeatedLaterAndLater() {
        assertThat(List.of(1, 2, 3, 7, 100).stream().map(Job::backOff).map(Duration::toSeconds)).containsExactly(1L, 2L, 4L, 60L, 60L);
        Job job = job(1, Optional.empty());
        job.begin(START);
        job.failed(START, true);
        assertThat(job.due(after(Duration.ofMillis(999)))).isFalse();
        assertThat(job.due(after(Duration.ofSeconds(1)))).isTrue();
    }
}
