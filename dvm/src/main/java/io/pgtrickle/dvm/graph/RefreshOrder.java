// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.graph;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Stream tables in an order in which each comes after those it reads.
 *
 * @param order all that are on no cycle and read none that is, lowest id first where the order is free
 * @param cyclic the rest; a view that was replaced can make a cycle, and nothing on it can be refreshed differentially
 */
public record RefreshOrder(List<Long> order, Set<Long> cyclic) {

    /** @param upstream for every stream table the stream tables it reads; others are ignored */
    public static RefreshOrder of(Map<Long, ? extends Collection<Long>> upstream) {
        SortedMap<Long, Set<Long>> waiting = new TreeMap<>();
        upstream.forEach((id, reads) -> {
            Set<Long> known = new TreeSet<>(reads);
            known.retainAll(upstream.keySet());
            waiting.put(id, known);
        });
        List<Long> order = new ArrayList<>();
        while (true) {
            List<Long> ready = waiting.entrySet().stream().filter(e -> e.getValue().isEmpty()).map(Map.Entry::getKey).toList();
            if (ready.isEmpty()) {
                return new RefreshOrder(List.copyOf(order), Set.copyOf(waiting.keySet()));
            }
            order.addAll(ready);
            ready.forEach(waiting::remove);
            waiting.values().forEach(reads -> reads.removeAll(ready));
        }
    }
}
