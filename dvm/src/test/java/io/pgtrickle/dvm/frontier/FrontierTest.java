// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.frontier;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class FrontierTest {

    @Test
    void whatTheServerStoredIsRead() {
        assertThat(Frontier.parse("{\"snapshot\": \"10:20:12,14\", \"cluster\": \"77/5\"}"))
                .isEqualTo(new Frontier("10:20:12,14", Optional.empty(), "77/5"));
        assertThat(Frontier.parse("{\"snapshot\": \"10:20:\", \"cluster\": \"77/5\", \"own_xid\": \"9007199254740993\", \"own_mark\": \"3\"}"))
                .isEqualTo(new Frontier("10:20:", Optional.of(new Window.Own(9_007_199_254_740_993L, 3)), "77/5"));
    }

    @Test
    void aWindowHoldsWhatTheSnapshotDidNotSee() {
        Window window = new Frontier("10:20:12,14", Optional.empty(), "77/5").window(42);
        assertThat(window.buffer().name()).isEqualTo("changes_42");
        assertThat(window.xmax()).isEqualTo(20);
        assertThat(window.inProgress()).containsExactly(12L, 14L);
    }

    @Test
    void noTransactionMayHaveBeenInProgress() {
        assertThat(new Frontier("20:20:", Optional.empty(), "77/5").window(42).inProgress()).isEmpty();
    }
}
