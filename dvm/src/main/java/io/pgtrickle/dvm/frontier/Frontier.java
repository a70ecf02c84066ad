// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.frontier;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pgtrickle.sql.statement.QualifiedName;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Which changes a stream table holds: those visible in the snapshot of its last refresh, and what that refresh's own
 * transaction had written by then.
 *
 * @param snapshot pg_current_snapshot() as text: xmin:xmax:xip,…
 * @param own set when the refresh ran inside a user's transaction
 * @param cluster the server and database the numbers are meaningful in
 */
public record Frontier(String snapshot, Optional<Window.Own> own, String cluster) {

    private static final ObjectMapper JSON = new ObjectMapper();

    public static Frontier parse(String json) {
        try {
            JsonNode node = JSON.readTree(json);
            Optional<Window.Own> own = node.has("own_xid")
                    ? Optional.of(new Window.Own(node.get("own_xid").asLong(), node.get("own_mark").asLong()))
                    : Optional.empty();
            return new Frontier(node.get("snapshot").asText(), own, node.path("cluster").asText());
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not a frontier: " + json, e);
        }
    }

    /** What of a source's buffer is not in this frontier yet. */
    public Window window(long relation) {
        String[] parts = snapshot.split(":", -1);
        List<Long> inProgress = new ArrayList<>();
        if (parts.length > 2 && !parts[2].isEmpty()) {
            inProgress.addAll(Arrays.stream(parts[2].split(",")).map(Long::valueOf).collect(Collectors.toList()));
        }
        return new Window(buffer(relation), Long.parseLong(parts[1]), inProgress, own);
    }

    static QualifiedName buffer(long relation) {
        return QualifiedName.of("pgtrickle_changes", "changes_" + relation);
    }
}
