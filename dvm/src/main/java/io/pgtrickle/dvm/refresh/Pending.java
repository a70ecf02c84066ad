// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.refresh;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import io.pgtrickle.dvm.catalog.FactsJson;
import io.pgtrickle.dvm.frontier.Frontier;
import io.pgtrickle.dvm.session.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What pgtrickle.pgt_pending says about a stream table before a refresh.
 *
 * @param reinitReason why its plan can no longer be trusted
 * @param queryView name of the query view in pgtrickle_state; empty when it was dropped
 */
public record Pending(
        long id,
        String schema,
        String name,
        boolean ownerUnchanged,
        String status,
        String refreshMode,
        boolean populated,
        boolean awaitsRefresh,
        Optional<String> reinitReason,
        Optional<Double> lastFullMs,
        Optional<Double> msPerChange,
        String factsHash,
        String statePrefix,
        Optional<String> queryView,
        Optional<Frontier> frontier,
        List<Source> sources) {

    /**
     * @param captured whether its changes are captured at all
     * @param rows changes since the frontier
     * @param size the planner's estimate of its rows
     */
    public record Source(long relation, boolean captured, long rows, boolean truncated, double size) {}

    /** Empty when the stream table or its visible table no longer exists. */
    public static Optional<Pending> of(long id, Row row) {
        if (row.isNull("status") || row.isNull("relation")) {
            return Optional.empty();
        }
        List<Source> sources = new ArrayList<>();
        for (JsonNode node : FactsJson.read(row.text("sources"), new TypeReference<List<JsonNode>>() {})) {
            sources.add(new Source(
                    node.get("relation").asLong(), node.get("captured").asBoolean(), node.path("rows").asLong(0),
                    node.get("truncated").asBoolean(), node.path("size").asDouble(0)));
        }
        return Optional.of(new Pending(
                id, row.text("schema_name"), row.text("relation"), row.flag("owner_ok"), row.text("status"),
                row.text("refresh_mode"), row.flag("populated"), row.flag("awaits_refresh"), row.find("reinit_reason"),
                row.real("last_full_ms"), row.real("ms_per_change"), row.text("facts_hash"), row.text("state_prefix"),
                row.find("query_view"), row.find("frontier").map(Frontier::parse), List.copyOf(sources)));
    }

    public long rows() {
        return sources.stream().mapToLong(Source::rows).sum();
    }

    public boolean anyTruncated() {
        return sources.stream().anyMatch(Source::truncated);
    }
}
