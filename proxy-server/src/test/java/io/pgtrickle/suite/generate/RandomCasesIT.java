// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.generate;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.Doors;
import io.pgtrickle.suite.Lab;
import io.pgtrickle.suite.generate.Outcome.Abandoned;
import io.pgtrickle.suite.generate.Outcome.Failed;
import io.pgtrickle.suite.generate.Outcome.Invalid;
import io.pgtrickle.suite.generate.Outcome.Passed;
import io.pgtrickle.suite.generate.Outcome.Unsupported;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Random cases against the product, spread over all doors. {@code -Dpgtrickle.random.seconds=3600} makes it a soak,
 * {@code -Dpgtrickle.random.seed=S} repeats from a seed that a failure printed.
 */
class RandomCasesIT {

    private static final Duration TIME = Duration.ofSeconds(Integer.getInteger("pgtrickle.random.seconds", 100));
    private static final Duration SHRINKING = Duration.ofSeconds(Integer.getInteger("pgtrickle.random.shrink", 40));
    private static final int FAILURES = Integer.getInteger("pgtrickle.random.failures", 1);

    private final Map<Door, CaseRunner> runners = new HashMap<>();
    private final Map<String, List<Long>> unsupported = new TreeMap<>();
    private final List<String> failures = new ArrayList<>();
    private int cases;
    private int abandoned;
    private int refreshes;
    private int full;

    @Test
    void fixedSeeds() {
        runFrom(0);
    }

    @Test
    void aFreshSeed() {
        runFrom(Long.getLong("pgtrickle.random.seed", System.currentTimeMillis() * 1_000_003L));
    }

    private void runFrom(long first) {
        Instant end = Instant.now().plus(TIME);
        try {
            for (long seed = first; Instant.now().isBefore(end) && failures.size() < FAILURES; seed++) {
                run(Cases.of(seed));
            }
        } finally {
            runners.values().forEach(CaseRunner::close);
        }
        String summary = cases + " cases from seed " + first + ", " + refreshes + " refreshes, " + full + " of them full, " + abandoned
                + " abandoned, unsupported (by seed): " + unsupported;
        System.out.println(summary);
        assertThat(failures).as(summary).isEmpty();
        assertThat(cases).as(summary).isGreaterThan(30);
        assertThat(unsupported.values().stream().mapToInt(List::size).sum()).as(summary).isLessThanOrEqualTo(cases / 20);
        // One in ten on the average, which a few hundred refreshes tell to within three standard deviations.
        assertThat((double) full).as(summary).isLessThanOrEqualTo(refreshes * 0.1 + 3 * Math.sqrt(refreshes * 0.1 * 0.9));
        assertThat(abandoned).as(summary).isLessThanOrEqualTo(1 + cases / 50);
    }

    private void run(Case test) {
        Door door = Doors.pick(test.seed());
        CaseRunner runner = runners.computeIfAbsent(door, d -> new CaseRunner(d, Lab.of(d).database(), Lab.ALICE, true));
        cases++;
        switch (runner.run(test)) {
            case Passed passed -> {
                refreshes += passed.refreshes();
                full += passed.full();
            }
            case Abandoned a -> abandoned++;
            case Unsupported u -> unsupported.computeIfAbsent(u.reason(), reason -> new ArrayList<>()).add(test.seed());
            case Invalid invalid -> failures.add("the generator's fault: " + invalid.reason());
            case Failed failed -> failures.add(report(test, door, runner, failed));
        }
    }

    private static String report(Case test, Door door, CaseRunner runner, Failed failed) {
        Shrinker shrinker = new Shrinker(
                c -> runner.run(c) instanceof Failed f && f.kind().equals(failed.kind()), SHRINKING, InstantSource.system());
        Case small = shrinker.shrink(test);
        String found = runner.run(small) instanceof Failed f ? f.description() : "not every time: " + failed.description();
        return "through door " + door.name() + ", seed " + test.seed() + "\n" + small.script() + "\n" + found + "\n";
    }
}
