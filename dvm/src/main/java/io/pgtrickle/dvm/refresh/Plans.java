// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.refresh;

import io.pgtrickle.dvm.analysis.Planner;
import io.pgtrickle.dvm.catalog.FactsJson;
import io.pgtrickle.dvm.session.Hands;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Compiled plans by the hash of the facts they come from, so that whatever a rolled-back transaction did to the catalog
 * cannot leave a wrong plan here. Thread-safe.
 */
public final class Plans {

    private static final int CAPACITY = 1000;

    private final Planner planner;
    private final Map<String, Planner.Planned> cache = leastRecentlyUsed();
    /** By OID of the visible table; only guesses. */
    private final Map<Long, KnownRefresh> known = leastRecentlyUsed();

    public Plans(Planner planner) {
        this.planner = planner;
    }

    private static <K, V> Map<K, V> leastRecentlyUsed() {
        return Collections.synchronizedMap(new LinkedHashMap<>(64, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
                return size() > CAPACITY;
            }
        });
    }

    Optional<KnownRefresh> known(long relation) {
        return Optional.ofNullable(known.get(relation));
    }

    void know(long relation, Optional<KnownRefresh> refresh) {
        refresh.ifPresentOrElse(r -> known.put(relation, r), () -> known.remove(relation));
    }

    public Planner planner() {
        return planner;
    }

    /** The plan of a stream table whose row has this facts hash. */
    public Planner.Planned get(Hands hands, long id, String factsHash) {
        Planner.Planned cached = cache.get(factsHash);
        if (cached != null) {
            return cached;
        }
        String facts = hands.look("SELECT facts::text AS facts FROM pgtrickle.pgt_stream_tables WHERE pgt_id = " + id).getFirst().text("facts");
        Planner.Planned planned = planner.replan(FactsJson.read(facts));
        cache.put(factsHash, planned);
        return planned;
    }
}
