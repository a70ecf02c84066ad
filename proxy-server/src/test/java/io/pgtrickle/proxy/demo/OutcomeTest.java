// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.proxy.probe.Bags;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class OutcomeTest {

    private static final Bags.Comparison EQUAL = new Bags.Comparison(1, List.of());
    private static final Bags.Comparison DIFFERENT = new Bags.Comparison(1, List.of("missing: (1)"));

    private final Board board = new Board();

    @Test
    void a_run_succeeds_when_every_stream_table_was_found_equal() {
        ShopView.ALL.forEach(view -> board.checked(view, EQUAL));

        assertThat(outcome().succeeded()).isTrue();
        assertThat(outcome().summary()).containsExactly("5 s: 10 transactions committed, 2 rolled back; 5 self-checks, 0 failed");
    }

    @Test
    void a_run_in_which_one_stream_table_was_never_checked_proves_nothing() {
        ShopView.ALL.stream().skip(1).forEach(view -> board.checked(view, EQUAL));

        assertThat(outcome().succeeded()).isFalse();
    }

    @Test
    void one_failed_check_among_many_fails_the_run() {
        ShopView.ALL.forEach(view -> board.checked(view, EQUAL));
        board.checked(ShopView.ALL.getFirst(), DIFFERENT);

        assertThat(outcome().succeeded()).isFalse();
        assertThat(outcome().summary()).contains("FAILED self-check open_orders: missing: (1)");
    }

    @Test
    void anything_else_that_fails_fails_the_run() {
        ShopView.ALL.forEach(view -> board.checked(view, EQUAL));

        assertThat(outcome("writer 1: connection lost").succeeded()).isFalse();
    }

    private Outcome outcome(String... failures) {
        return new Outcome(Duration.ofSeconds(5), board.lines(), new Traffic.Count(10, 2, 0, 30, 0), List.of(failures), List.of());
    }
}
