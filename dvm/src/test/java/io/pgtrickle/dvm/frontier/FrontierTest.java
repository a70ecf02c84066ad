// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.frontier;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class FrontierTest {

    @Test
    void theJsonReadsBackAsItself() {
        for (Frontier frontier : List.of(
                new Frontier("10:20:12,14", Optional.empty(), "77/5"),
                new Frontier("10:20:", Optional.of(new Window.Own(9_007_199_254_740_993L, 3)), "77/5"))) {
            assertThat(Frontier.parse(frontier.toJson())).isEqualTo(frontier);
        }
    }

    @Test
    void aWindowHoldsWhatTheSnapshotDidNotSee() {
        Window window = new Frontier("10:20:12,14", Optional.empty(), "77/5").window(42, OptionalLong.of(3));
        assertThat(window.buffer().name()).isEqualTo("changes_42");
        assertThat(window.xmax()).isEqualTo(20);
        assertThat(window.inProgress()).containsExactly(12L, 14L);
        assertThat(window.rows()).hasValue(3);
    }

    @Test
    void noTransactionMayHaveBeenInProgress() {
        assertThat(new Frontier("20:20:", Optional.empty(), "77/5").window(42, OptionalLong.empty()).inProgress()).isEmpty();
    }
}
