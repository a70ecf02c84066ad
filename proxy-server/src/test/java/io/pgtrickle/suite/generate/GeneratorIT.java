// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.generate;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.TestPostgres;
import io.pgtrickle.suite.generate.Outcome.Abandoned;
import io.pgtrickle.suite.generate.Outcome.Failed;
import io.pgtrickle.suite.generate.Outcome.Invalid;
import io.pgtrickle.suite.generate.Outcome.Passed;
import java.time.Duration;
import java.time.InstantSource;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** The generator, the oracle and the shrinker, tried on a fake product whose faults are known. */
class GeneratorIT {

    private static final TestPostgres SERVER = TestPostgres.shared();

    @Test
    void everyGeneratedCaseIsValidSqlAndPassesWhenTheProductIsRight() {
        try (CaseRunner runner = runner(false)) {
            LongStream.range(0, Long.getLong("pgtrickle.generator.cases", 60)).forEach(seed -> assertThat(runner.run(Cases.of(seed)))
                    .as(() -> Cases.of(seed).script())
                    .isInstanceOfAny(Passed.class, Abandoned.class));
        }
    }

    @Test
    void aMissedUpdateIsFoundAndShrunkToOneStatement() {
        try (CaseRunner runner = runner(true)) {
            Case found = LongStream.range(0, 1000).mapToObj(Cases::of)
                    .filter(c -> runner.run(c) instanceof Failed)
                    .findFirst().orElseThrow();
            Case small = new Shrinker(c -> runner.run(c) instanceof Failed, Duration.ofSeconds(60), InstantSource.system()).shrink(found);
            assertThat(small.tables()).hasSize(1);
            assertThat(small.rounds()).hasSize(1);
            assertThat(small.rounds().getFirst().batches()).hasSizeLessThanOrEqualTo(1);
            assertThat(small.streams().getFirst().sql().length()).isLessThanOrEqualTo(found.streams().getFirst().sql().length());
        }
    }

    @Test
    void theSameSeedGivesTheSameCase() {
        assertThat(Cases.of(4711).script()).isEqualTo(Cases.of(4711).script()).isNotEqualTo(Cases.of(4712).script());
    }

    @Test
    void aCaseThatPostgresRefusesIsTheGeneratorsFault() {
        Case valid = Cases.of(1);
        Case broken = new Case(1, java.util.List.of(), valid.views(), valid.streams(), valid.creation(), valid.rounds());
        try (CaseRunner runner = runner(false)) {
            assertThat(runner.run(broken)).isInstanceOf(Invalid.class);
        }
    }

    private static CaseRunner runner(boolean careless) {
        return new CaseRunner(new RecomputingDoor(SERVER, careless), SERVER.createDatabase(), SERVER.user(), false);
    }
}
