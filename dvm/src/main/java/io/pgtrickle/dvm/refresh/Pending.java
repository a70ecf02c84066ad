// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.refresh;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import io.pgtrickle.dvm.catalog.FactsJson;
import io.pgtrickle.dvm.catalog.SettingsReader;
import io.pgtrickle.dvm.frontier.Frontier;
import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.dvm.session.Row;
import io.pgtrickle.dvm.settings.Settings;
import io.pgtrickle.sql.render.Quoting;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What pgtrickle.pgt_pending says about a stream table before a refresh.
 *
 * @param ownerIsLogin whether its owner is who has logged in to this session
 * @param reinitReason why its plan can no longer be trusted
 * @param settingsText as pgtrickle.pgt_settings reported them, if there is something to do
 * @param queryView name of the query view in pgtrickle_state; empty when it was dropped
 */
public record Pending(
        long id,
        String schema,
        String name,
        boolean ownerUnchanged,
        boolean ownerIsLogin,
        String refreshMode,
        boolean populated,
        Optional<String> reinitReason,
        Optional<Double> lastFullMs,
        Optional<Double> msPerChange,
        String factsHash,
        String statePrefix,
        Optional<String> queryView,
        Optional<Frontier> frontier,
        List<Source> sources,
        Optional<String> settingsText) {

    /**
     * @param captured whether its changes are captured at all
     * @param rows change rows since the frontier
     * @param touched the same, an update counted once
     * @param size the planner's estimate of its rows
     */
    public record Source(long relation, boolean captured, long rows, long touched, boolean truncated, double size) {}

    /** Asks about a stream table in whose transaction the locks are held, or not needed yet. */
    public static Optional<Pending> of(Hands hands, long id, String cluster) {
        return of(hands.ask(query(id, cluster)));
    }

    static String query(long id, String cluster) {
        return "SELECT p.* FROM pgtrickle.pgt_stream_tables t, " + pending("t.pgt_relid", false, cluster) + " p WHERE t.pgt_id = " + id;
    }

    /** Locks a stream table and its sources against TRUNCATE first. Empty if the relation is no stream table. */
    static Optional<Pending> locked(Hands hands, long relation, String cluster) {
        return of(hands.look("SELECT * FROM " + pending(Long.toString(relation), true, cluster)));
    }

    private static String pending(String relation, boolean lock, String cluster) {
        return "pgtrickle.pgt_pending(%s, lock => %s, cluster => %s, names => %s, most => '{}')"
                .formatted(relation, lock, Quoting.literal(cluster), SettingsReader.NAMES);
    }

    static Optional<Pending> of(List<Row> answer) {
        return answer.stream().filter(row -> !row.isNull("relation")).findFirst().map(Pending::of);
    }

    static Pending of(Row row) {
        List<Source> sources = new ArrayList<>();
        for (JsonNode node : FactsJson.read(row.text("sources"), new TypeReference<List<JsonNode>>() {})) {
            sources.add(new Source(
                    node.get("relation").asLong(), node.get("captured").asBoolean(), node.path("rows").asLong(0),
                    node.path("touched").asLong(0), node.get("truncated").asBoolean(), node.path("size").asDouble(0)));
        }
        return new Pending(
                row.number("id"), row.text("schema_name"), row.text("relation"), row.flag("owner_ok"),
                row.flag("owner_is_login"), row.text("refresh_mode"), row.flag("populated"), row.find("reinit_reason"),
                row.real("last_full_ms"), row.real("ms_per_change"), row.text("facts_hash"), row.text("state_prefix"),
                row.find("query_view"), row.find("frontier").map(Frontier::parse), List.copyOf(sources),
                row.find("settings"));
    }

    /** Those that matter to a refresh; the defaults when there is nothing to do. */
    public Settings settings() {
        return settingsText.map(SettingsReader::parse).orElse(Settings.DEFAULTS);
    }

    /** Whether its plan can no longer be trusted. */
    boolean mustBeMadeAnew() {
        return reinitReason.isPresent() || !ownerUnchanged || queryView.isEmpty();
    }

    public long rows() {
        return sources.stream().mapToLong(Source::rows).sum();
    }

    /** The relations of which there is something. */
    Set<Long> changed() {
        return sources.stream().filter(source -> source.rows() > 0).map(Source::relation).collect(Collectors.toSet());
    }

    public boolean anyTruncated() {
        return sources.stream().anyMatch(Source::truncated);
    }
}
