// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RefreshOrderTest {

    @Test
    void everyStreamTableComesAfterWhatItReads() {
        RefreshOrder order = RefreshOrder.of(Map.of(1L, List.of(3L), 2L, List.of(1L, 3L), 3L, List.<Long>of(), 4L, List.of(2L)));
        assertThat(order.order()).containsExactly(3L, 1L, 2L, 4L);
        assertThat(order.cyclic()).isEmpty();
    }

    @Test
    void whatIsNotThereIsNotWaitedFor() {
        assertThat(RefreshOrder.of(Map.of(2L, List.of(1L))).order()).containsExactly(2L);
    }

    @Test
    void aCycleAndItsReadersAreSetApart() {
        RefreshOrder order = RefreshOrder.of(Map.of(1L, List.of(2L), 2L, List.of(1L), 3L, List.of(2L), 4L, List.<Long>of()));
        assertThat(order.order()).containsExactly(4L);
        assertThat(order.cyclic()).containsExactlyInAnyOrder(1L, 2L, 3L);
    }
}
