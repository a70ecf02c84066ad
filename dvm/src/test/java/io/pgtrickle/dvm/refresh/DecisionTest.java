// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.refresh;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.dvm.frontier.Frontier;
import io.pgtrickle.dvm.refresh.Decision.Action;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DecisionTest {

    private static final Optional<Frontier> FRONTIER = Optional.of(new Frontier("1:2:", Optional.empty(), "c/1"));

    private static Pending pending(Optional<Double> fullMs, Optional<Double> msPerChange, Pending.Source... sources) {
        return new Pending(1, "s", "t", true, true, "DIFFERENTIAL", true, Optional.empty(), fullMs, msPerChange, "h", "t_1",
                Optional.of("t_1_query"), FRONTIER, List.of(sources), Optional.empty());
    }

    private static Pending.Source source(long rows, double size) {
        return new Pending.Source(7, true, rows, rows, false, size);
    }

    private static Pending with(String settings, Pending p) {
        return new Pending(p.id(), p.schema(), p.name(), p.ownerUnchanged(), p.ownerIsLogin(), p.refreshMode(), p.populated(), p.reinitReason(),
                p.lastFullMs(), p.msPerChange(), p.factsHash(), p.statePrefix(), p.queryView(), p.frontier(), p.sources(), Optional.of(settings));
    }

    private static Action decide(Pending pending) {
        return Decision.of(pending, true, false, 1, false).action();
    }

    @Test
    void nothingPendingIsNothingToDo() {
        assertThat(decide(pending(Optional.empty(), Optional.empty(), source(0, 1000)))).isEqualTo(Action.NO_DATA);
    }

    @Test
    void fewChangesAreApplied() {
        assertThat(decide(pending(Optional.empty(), Optional.empty(), source(100, 100_000)))).isEqualTo(Action.DIFFERENTIAL);
    }

    @Test
    void withoutHistoryALargeShareIsComputedAnew() {
        Pending many = pending(Optional.of(50.0), Optional.empty(), source(20_000, 100_000));
        assertThat(decide(many)).isEqualTo(Action.FULL);
        assertThat(decide(with("{\"pg_trickle.differential_max_change_ratio\": \"0\"}", many))).isEqualTo(Action.DIFFERENTIAL);
    }

    @Test
    void anUpdateIsOneChangedRow() {
        Pending updates = pending(Optional.empty(), Optional.empty(), new Pending.Source(7, true, 20_000, 10_000, false, 100_000));
        assertThat(decide(updates)).isEqualTo(Action.DIFFERENTIAL);
    }

    @Test
    void ownHistoryTellsBetterThanTheShare() {
        assertThat(decide(pending(Optional.of(500.0), Optional.of(0.01), source(20_000, 100_000)))).isEqualTo(Action.DIFFERENTIAL);
        assertThat(decide(pending(Optional.of(100.0), Optional.of(0.01), source(20_000, 100_000)))).isEqualTo(Action.FULL);
    }

    @Test
    void ofSeveralSourcesNoneMayHaveChangedForTheMostPart() {
        Pending small = pending(Optional.of(500.0), Optional.of(0.01), source(10, 100_000), new Pending.Source(8, true, 2000, 1000, false, 1000));
        assertThat(decide(small)).isEqualTo(Action.FULL);
    }

    @Test
    void aFewChangesThatTookVeryLongAreRemembered() {
        assertThat(decide(pending(Optional.of(200.0), Optional.of(1000.0), source(1, 100_000)))).isEqualTo(Action.FULL);
    }

    @Test
    void aTruncatedSourceIsComputedAnew() {
        Pending truncated = pending(Optional.empty(), Optional.empty(), new Pending.Source(7, true, 0, 0, true, 10));
        assertThat(decide(truncated)).isEqualTo(Action.FULL);
    }

    @Test
    void aReasonToMakeItAnewComesFirst() {
        Pending altered = new Pending(1, "s", "t", true, true, "DIFFERENTIAL", true, Optional.of("table t was altered"),
                Optional.empty(), Optional.empty(), "h", "t_1", Optional.of("t_1_query"), FRONTIER, List.of(source(0, 10)), Optional.empty());
        assertThat(Decision.of(altered, true, false, 1, false))
                .isEqualTo(new Decision(Action.REINITIALIZE, Optional.of("table t was altered")));
    }

    @Test
    void aFullPlanIsComputedOnlyWhenSomethingChanged() {
        assertThat(Decision.of(pending(Optional.empty(), Optional.empty(), source(0, 10)), false, false, 1, false).action())
                .isEqualTo(Action.NO_DATA);
        assertThat(Decision.of(pending(Optional.empty(), Optional.empty(), source(1, 10)), false, false, 1, false).action())
                .isEqualTo(Action.FULL);
        assertThat(Decision.of(pending(Optional.empty(), Optional.empty(), source(0, 10)), false, false, 1, true).action())
                .isEqualTo(Action.FULL);
    }

    @Test
    void manyChangesOfManyInputsAreComputedAnew() {
        Pending many = pending(Optional.of(150.0), Optional.empty(), source(4800, 48_000));
        assertThat(Decision.of(many, true, false, 6, false).action()).isEqualTo(Action.FULL);
        assertThat(Decision.of(many, true, false, 4, false).action()).isEqualTo(Action.DIFFERENTIAL);
        assertThat(Decision.of(pending(Optional.of(150.0), Optional.empty(), source(48, 48_000)), true, false, 6, false).action())
                .isEqualTo(Action.DIFFERENTIAL);
    }

    @Test
    void tooManyTablesOfOneJoinAreComputedAnew() {
        Pending few = pending(Optional.of(500.0), Optional.of(0.01), source(2, 100_000));
        assertThat(Decision.of(few, true, true, 1, false).action()).isEqualTo(Action.FULL);
    }
}
