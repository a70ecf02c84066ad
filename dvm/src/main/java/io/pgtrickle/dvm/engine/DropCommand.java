// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.engine;

import com.fasterxml.jackson.core.type.TypeReference;
import io.pgtrickle.dvm.catalog.FactsJson;
import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.dvm.error.ErrorCode;
import io.pgtrickle.dvm.refresh.Parts;
import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.dvm.session.Row;
import io.pgtrickle.sql.render.Quoting;
import io.pgtrickle.sql.statement.QualifiedName;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Drops stream tables in the caller's transaction. Capture triggers that nobody needs any more stay until the engine removes
 * them on its own: DROP TRIGGER would lock out the sources' readers until the caller commits.
 */
final class DropCommand {

    private final Hands hands;
    private final String cascadeHint;

    /** @param cascadeHint how the user would ask to drop the dependent objects too */
    DropCommand(Hands hands, String cascadeHint) {
        this.hands = hands;
        this.cascadeHint = cascadeHint;
    }

    /** A stream table with what else has to go with it. */
    private record Doomed(
            long id, long relation, String schema, String name, String statePrefix, Optional<String> queryView, List<String> state,
            Optional<String> because) {}

    /**
     * DROP MATERIALIZED VIEW; ordinary ones among the names go to PostgreSQL.
     *
     * @return false if there are relations of these names, but no stream tables
     */
    boolean run(List<QualifiedName> names, boolean ifExists, boolean cascade) {
        List<Resolved> before = List.of();
        while (true) {
            List<Resolved> named = Resolved.of(hands, names);
            List<Resolved> streams = named.stream().filter(Resolved::isStreamTable).toList();
            if (streams.isEmpty() && !named.stream().allMatch(name -> name.isMissing(hands))) {
                return false;
            }
            boolean refused = named.stream().anyMatch(name -> name.relation().isEmpty() ? !ifExists : name.isStreamTable() && !name.mayDrop());
            List<Doomed> doomed = refused || streams.isEmpty() ? List.of() : closure(streams, cascade);
            if (refused || lock(streams, doomed)) {
                named.forEach(name -> check(name, ifExists));
                if (!doomed.isEmpty()) {
                    drop(doomed.reversed(), cascade, streams);
                }
                dropOrdinary(named, ifExists, cascade);
                return true;
            }
            if (hands.oneSnapshot() || streams.equals(before)) { // looking again would show the same
                throw EngineException.of(ErrorCode.SERIALIZATION_FAILURE, "could not serialize access due to concurrent delete");
            }
            before = streams;
        }
    }

    private void dropOrdinary(List<Resolved> named, boolean ifExists, boolean cascade) {
        List<QualifiedName> ordinary = named.stream().filter(n -> n.relation().isPresent() && !n.isStreamTable()).map(Resolved::as).toList();
        if (!ordinary.isEmpty()) {
            hands.caller("DROP MATERIALIZED VIEW " + (ifExists ? "IF EXISTS " : "")
                    + ordinary.stream().map(Quoting::qualified).collect(Collectors.joining(", ")) + (cascade ? " CASCADE" : ""));
        }
    }

    /** In a refresh's own order: its lock first, then everything it writes. The other way round is a deadlock. @return false if one is gone */
    private boolean lock(List<Resolved> streams, List<Doomed> doomed) {
        List<Long> ids = doomed.stream().map(Doomed::id).sorted().toList();
        return streams.stream().allMatch(stream -> ids.contains(stream.id().orElseThrow()))
                && ids.stream().allMatch(id -> Parts.lockAgainstAll(hands, id));
    }

    private void check(Resolved name, boolean ifExists) {
        String shown = name.shown();
        if (name.relation().isEmpty() && !name.isMissing(hands)) {
            String missing = "schema \"" + name.schema() + "\" does not exist";
            if (!ifExists) {
                throw EngineException.of(ErrorCode.NO_SCHEMA, missing);
            }
            hands.notice(Hands.Level.NOTICE, "00000", missing + ", skipping", Optional.empty(), Optional.empty());
        } else if (name.relation().isEmpty()) {
            if (!ifExists) {
                throw EngineException.of(ErrorCode.STREAM_TABLE_NOT_FOUND, "materialized view \"" + shown + "\" does not exist");
            }
            hands.notice(Hands.Level.NOTICE, "00000", "materialized view \"" + shown + "\" does not exist, skipping", Optional.empty(), Optional.empty());
        } else if (name.isStreamTable() && !name.mayDrop()) {
            throw EngineException.of(ErrorCode.PERMISSION_DENIED, "must be owner of materialized view " + name.name());
        }
    }

    /** The named ones and, in dependency order behind them, the stream tables that read them. */
    private List<Doomed> closure(List<Resolved> streams, boolean cascade) {
        List<Doomed> doomed = new ArrayList<>();
        List<Long> named = streams.stream().map(s -> s.id().orElseThrow()).distinct().toList();
        for (Row row : hands.ask("""
                WITH RECURSIVE doomed(pgt_id, level) AS (
                    SELECT pgt_id, 0 FROM pgtrickle.pgt_stream_tables WHERE pgt_id IN (%s)
                    UNION
                    SELECT d.pgt_id, level + 1 FROM doomed x JOIN pgtrickle.pgt_stream_tables t ON t.pgt_id = x.pgt_id
                    JOIN pgtrickle.pgt_dependencies d ON d.source_relid = t.pgt_relid WHERE level < 1000
                )
                SELECT t.pgt_id, t.pgt_relid::int8 AS relation, n.nspname AS schema, c.relname AS name, t.state_prefix,
                    v.relname AS query_view, to_json(t.state_tables)::text AS state,
                    (SELECT min(b.relname) FROM pgtrickle.pgt_dependencies d JOIN pg_class b ON b.oid = d.source_relid
                     JOIN pgtrickle.pgt_stream_tables s ON s.pgt_relid = b.oid
                     WHERE d.pgt_id = t.pgt_id AND s.pgt_id IN (SELECT pgt_id FROM doomed)) AS because
                FROM (SELECT pgt_id, max(level) AS level FROM doomed GROUP BY pgt_id) x
                JOIN pgtrickle.pgt_stream_tables t USING (pgt_id)
                LEFT JOIN pg_class c ON c.oid = t.pgt_relid LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
                LEFT JOIN pg_class v ON v.oid = t.query_view
                ORDER BY x.level, t.pgt_id""".formatted(named.stream().map(String::valueOf).collect(Collectors.joining(", "))))) {
            long id = row.number("pgt_id");
            doomed.add(new Doomed(
                    id, row.number("relation"), row.find("schema").orElse(""), row.find("name").orElse(""), row.text("state_prefix"),
                    row.find("query_view"), FactsJson.read(row.text("state"), new TypeReference<List<String>>() {}),
                    named.contains(id) ? Optional.empty() : row.find("because")));
        }
        List<String> blocked = doomed.stream()
                .flatMap(table -> table.because().stream()
                        .map(because -> "materialized view %s depends on materialized view %s".formatted(table.name(), because)))
                .toList();
        if (!blocked.isEmpty() && !cascade) {
            throw dependents(streams.getFirst().name(), blocked);
        }
        return doomed;
    }

    private EngineException dependents(String name, List<String> details) {
        return new EngineException(
                ErrorCode.DEPENDENT_OBJECTS,
                "cannot drop materialized view " + name + " because other objects depend on it",
                Optional.of(String.join("\n", details)),
                Optional.of("Use " + cascadeHint + " to drop the dependent objects too."));
    }

    /** @param doomed readers before what they read */
    private void drop(List<Doomed> doomed, boolean cascade, List<Resolved> streams) {
        doomed.reversed().stream().filter(table -> table.because().isPresent()).forEach(table -> hands.notice(
                Hands.Level.NOTICE, "00000", "drop cascades to materialized view " + table.name(), Optional.empty(), Optional.empty()));
        for (Doomed table : doomed) {
            table.queryView().ifPresent(view -> hands.engine("DO " + Quoting.literal("""
                    BEGIN
                        DROP VIEW %s;
                    EXCEPTION WHEN undefined_table THEN NULL; -- somebody drops what it reads, with CASCADE
                    END""".formatted(Quoting.qualified("pgtrickle_state", view)))));
        }
        if (!cascade) {
            refuseIfRead(doomed, streams);
        }
        for (Doomed table : doomed) {
            String name = Quoting.qualified(table.schema(), table.name());
            // Upkeep may have dropped the table of one whose source is gone while the lock was waited for.
            if (!table.name().isEmpty() && hands.one("SELECT to_regclass(" + Quoting.literal(name) + ") IS NOT NULL AS there").flag("there")) {
                hands.engine("DROP TABLE " + name + (cascade ? " CASCADE" : ""));
            }
            forget(table);
        }
        hands.engine("SELECT pg_notify('" + DatabaseEngine.CHANNEL + "', '')");
    }

    /** What PostgreSQL would say, with the words for a materialized view. */
    private void refuseIfRead(List<Doomed> doomed, List<Resolved> streams) {
        String relations = doomed.stream().map(d -> Long.toString(d.relation())).collect(Collectors.joining(", "));
        List<String> readers = hands.ask("""
                SELECT DISTINCT pg_describe_object('pg_class'::regclass, r.ev_class, 0) AS reader, c.relname AS read
                FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
                JOIN pg_class c ON c.oid = d.refobjid
                WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid IN (%s) AND r.ev_class <> d.refobjid
                ORDER BY 1""".formatted(relations)).stream()
                .map(row -> row.text("reader") + " depends on materialized view " + row.text("read"))
                .toList();
        if (!readers.isEmpty()) {
            throw dependents(streams.getFirst().name(), readers);
        }
    }

    /** Everything but the visible table and the query view. */
    private void forget(Doomed table) {
        new Parts(hands).dropState(table.state(), table.statePrefix());
        hands.engine("DROP TABLE pgtrickle_state.lock_" + table.id());
        hands.engine("DROP FUNCTION IF EXISTS pgtrickle_state.run_" + table.id() + "(text)");
        hands.engine("DELETE FROM pgtrickle.pgt_stream_tables WHERE pgt_id = " + table.id());
        hands.engine("DELETE FROM pgtrickle.pgt_refresh_history WHERE pgt_id = " + table.id());
    }
}
