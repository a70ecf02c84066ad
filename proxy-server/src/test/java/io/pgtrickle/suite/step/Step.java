// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A refresh and what it changed. */
public final class Step {

    private final StreamTable table;
    private final List<String> before;
    private final List<String> after;

    Step(StreamTable table, List<String> before, List<String> after) {
        this.table = table;
        this.before = before;
        this.after = after;
    }

    /**
     * The change of content, net, in any order.
     *
     * @param expected lines such as {@code -2 | 1 | NULL}: weight, then the row
     */
    public Step delta(String... expected) {
        Map<String, Integer> net = new TreeMap<>();
        before.forEach(row -> net.merge(row, -1, Integer::sum));
        after.forEach(row -> net.merge(row, 1, Integer::sum));
        List<String> lines = net.entrySet().stream()
                .filter(e -> e.getValue() != 0)
                .map(e -> "%+d | %s".formatted(e.getValue(), e.getKey()))
                .toList();
        assertThat(lines).containsExactlyInAnyOrderElementsOf(Arrays.asList(expected));
        return this;
    }

    public Step noDelta() {
        return delta();
    }

    public StreamTable matchesRecompute() {
        return table.matchesRecompute();
    }
}
