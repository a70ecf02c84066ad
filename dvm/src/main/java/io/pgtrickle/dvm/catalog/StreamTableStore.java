// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.catalog;

import io.pgtrickle.dvm.plan.QueryFacts;
import io.pgtrickle.dvm.plan.RelationFacts;
import io.pgtrickle.dvm.plan.StateTable;
import io.pgtrickle.dvm.plan.StreamPlan;
import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.sql.render.Quoting;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What is written about a stream table into the catalog. Every statement goes through the engine's hand. */
public final class StreamTableStore {

    private final Hands hands;

    public StreamTableStore(Hands hands) {
        this.hands = hands;
    }

    public long nextId() {
        return hands.one("SELECT nextval('pgtrickle.pgt_stream_tables_pgt_id_seq') AS id").number("id");
    }

    /** A stream table as it is made. */
    public record New(
            long id, long relation, String schema, String name, String originalQuery, Optional<String> schedule,
            String requestedMode, long queryView, String statePrefix, boolean awaitsRefresh) {}

    /**
     * A plan as the catalog shows it.
     *
     * @param full whether every refresh shall be FULL although the plan could do better
     * @param everyTime whether the result may change without a captured change
     */
    public record PlanRow(QueryFacts facts, StreamPlan plan, boolean full, boolean everyTime) {}

    public void insert(New table, PlanRow planned) {
        String json = FactsJson.write(planned.facts());
        hands.engine("""
                INSERT INTO pgtrickle.pgt_stream_tables (pgt_id, pgt_relid, pgt_schema, pgt_name, original_query, schedule,
                    requested_mode, query_view, state_prefix, awaits_refresh, refresh_mode, defining_query, functions_used,
                    full_reason, recompute_always, facts, state_tables, facts_hash)
                VALUES (%d, %d, %s, %s, %s, %s, %s, %d, %s, %s, %s, md5(%s))"""
                .formatted(
                        table.id(), table.relation(), literal(table.schema()), literal(table.name()),
                        literal(table.originalQuery()), orNull(table.schedule()), literal(table.requestedMode()),
                        table.queryView(), literal(table.statePrefix()), table.awaitsRefresh(), planValues(planned, json), literal(json)));
        saveFingerprints(table.id());
        saveDependencies(table.id(), planned.facts(), planned.plan());
    }

    /** After a new analysis. */
    public void updatePlan(long id, PlanRow planned) {
        String json = FactsJson.write(planned.facts());
        hands.engine("""
                UPDATE pgtrickle.pgt_stream_tables
                SET (refresh_mode, defining_query, functions_used, full_reason, recompute_always, facts, state_tables, facts_hash, updated_at) =
                    (%s, md5(%s), now())
                WHERE pgt_id = %d""".formatted(planValues(planned, json), literal(json), id));
        saveFingerprints(id);
        hands.engine("DELETE FROM pgtrickle.pgt_dependencies WHERE pgt_id = " + id);
        saveDependencies(id, planned.facts(), planned.plan());
    }

    private static String planValues(PlanRow planned, String json) {
        StreamPlan plan = planned.plan();
        return String.join(", ",
                literal(plan.differential() && !planned.full() ? "DIFFERENTIAL" : "FULL"),
                literal(planned.facts().canonicalQuery()),
                textArray(List.copyOf(planned.facts().functionKinds().keySet())),
                plan.fullReasons().isEmpty() ? "NULL" : literal(String.join("; ", plan.fullReasons())),
                Boolean.toString(planned.everyTime()),
                literal(json) + "::jsonb",
                textArray(plan.stateTables().stream().map(StateTable::suffix).toList()));
    }

    private void saveFingerprints(long id) {
        hands.engine("""
                UPDATE pgtrickle.pgt_stream_tables t SET function_oids = f.oids, function_hash = pgtrickle.pgt_function_hash(f.oids),
                    table_fingerprint = pgtrickle.pgt_table_fingerprint(t.pgt_relid)
                FROM (SELECT pgtrickle.pgt_functions(query_view) AS oids FROM pgtrickle.pgt_stream_tables WHERE pgt_id = %1$d) f
                WHERE t.pgt_id = %1$d""".formatted(id));
    }

    private void saveDependencies(long id, QueryFacts facts, StreamPlan plan) {
        Map<Long, List<String>> used = plan.sources().stream()
                .collect(Collectors.toMap(source -> source.relation(), source -> source.columns()));
        if (hands.oneSnapshot()) {
            hands.look(facts.relations().stream()
                    .map(relation -> Long.toString(relation.oid()))
                    .collect(Collectors.joining(", ", "SELECT pgtrickle.pgt_seen_once(ARRAY[", "]::oid[])")));
        }
        for (RelationFacts relation : facts.relations()) {
            boolean captured = used.containsKey(relation.oid());
            List<String> columns = used.getOrDefault(relation.oid(), List.of());
            // Where only the fact of a change matters, a change of any column's definition does, too.
            boolean all = columns.isEmpty();
            List<String> named = all ? relation.columns().stream().map(column -> column.name()).toList() : columns;
            hands.engine("""
                    INSERT INTO pgtrickle.pgt_dependencies (pgt_id, source_relid, source_type, columns_used, whole_rows, schema_fingerprint, cdc_mode)
                    SELECT %1$d, %2$d, %3$s, %4$s, %5$s, pgtrickle.pgt_fingerprint(%2$d, %6$s), %7$s"""
                    .formatted(id, relation.oid(), sourceType(relation), textArray(named), all, all ? "NULL" : textArray(named),
                            captured ? "'TRIGGER'" : "NULL"));
        }
    }

    private static String sourceType(RelationFacts relation) {
        return switch (relation.kind()) {
            case 'v' -> "'VIEW'";
            case 'm' -> "'MATVIEW'";
            case 'f' -> "'FOREIGN_TABLE'";
            case 'S' -> "'SEQUENCE'";
            default -> "CASE WHEN EXISTS (SELECT FROM pgtrickle.pgt_stream_tables WHERE pgt_relid = " + relation.oid()
                    + ") THEN 'STREAM_TABLE' ELSE 'TABLE' END";
        };
    }

    public static String textArray(List<String> values) {
        Function<String, String> literal = Quoting::literal;
        return "ARRAY[" + values.stream().map(literal).collect(Collectors.joining(", ")) + "]::text[]";
    }

    private static String literal(String text) {
        return Quoting.literal(text);
    }

    private static String orNull(Optional<String> text) {
        return text.map(Quoting::literal).orElse("NULL");
    }
}
