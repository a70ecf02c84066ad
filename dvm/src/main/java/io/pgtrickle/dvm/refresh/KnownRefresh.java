// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.refresh;

import io.pgtrickle.dvm.analysis.Planner;
import io.pgtrickle.dvm.catalog.SettingsReader;
import io.pgtrickle.dvm.frontier.Slice;
import io.pgtrickle.dvm.plan.SourceUse;
import io.pgtrickle.dvm.plan.StreamPlan;
import io.pgtrickle.sql.render.Quoting;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What the next manual refresh of a stream table will most likely be: its program, sent along with the question what is pending,
 * saves a round trip. The server runs it only if everything is as it was when this was made.
 *
 * @param settings the settings' text it was decided under
 * @param most up to so many change rows a refresh is DIFFERENTIAL, by relation
 */
record KnownRefresh(String schema, String name, String factsHash, String settings, String program, Map<Long, Long> most) {

    /** A program for changes of all of more sources takes longer to plan than the round trip. */
    static final int MOST_SOURCES = 3;

    KnownRefresh {
        most = new TreeMap<>(most);
    }

    /** In the places of what only the server knows. Random, so that no query can hold it. */
    private static final String MARKER = "pgt_" + HexFormat.of().toHexDigits(new SecureRandom().nextLong());

    /** Whether there is no program for changes of all sources. */
    static boolean tooMany(StreamPlan plan) {
        return plan.tooManyTogether(plan.sources().stream().map(SourceUse::relation).collect(Collectors.toSet()));
    }

    /** What was decided for {@code pending}, which was DIFFERENTIAL, made good for other frontiers and counts. */
    static Optional<KnownRefresh> of(Pending pending, Planner.Planned planned) {
        if (planned.plan().sources().size() > MOST_SOURCES || tooMany(planned.plan()) || pending.settingsText().isEmpty()) {
            return Optional.empty();
        }
        Map<Long, Slice> slices = planned.plan().sources().stream()
                .collect(Collectors.toMap(SourceUse::relation, source -> Slice.template(source.relation(), MARKER), (a, _) -> a, TreeMap::new));
        return Optional.of(new KnownRefresh(
                pending.schema(), pending.name(), pending.factsHash(), pending.settingsText().get(),
                planned.plan().differential(Refresher.target(pending), slices), pending.sources().stream().collect(Collectors.toMap(
                        Pending.Source::relation, source -> Decision.mostDifferential(pending, source)))));
    }

    String query(long relation, String cluster) {
        String limits = most.entrySet().stream()
                .map(entry -> "\"%d\": %d".formatted(entry.getKey(), entry.getValue()))
                .collect(Collectors.joining(", ", "{", "}"));
        return "SELECT * FROM pgtrickle.pgt_refresh_known(%d, cluster => %s, names => %s, known_schema => %s, known_name => %s, "
                        .formatted(relation, Quoting.literal(cluster), SettingsReader.NAMES, Quoting.literal(schema), Quoting.literal(name))
                + "known_facts => %s, known_settings => %s, marker => '%s', most => '%s', program => %s)"
                        .formatted(Quoting.literal(factsHash), Quoting.literal(settings), MARKER, limits, Quoting.literal(program));
    }
}
