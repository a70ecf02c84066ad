// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.capture;

import com.fasterxml.jackson.core.type.TypeReference;
import io.pgtrickle.dvm.catalog.FactsJson;
import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.dvm.session.Row;
import io.pgtrickle.sql.render.Quoting;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Sees to it that changes of sources are captured. Installing locks the source against writers (SHARE ROW EXCLUSIVE) until
 * the transaction ends: whoever wrote before has finished, whoever writes later is captured.
 */
public final class Capture {

    private final Hands hands;

    public Capture(Hands hands) {
        this.hands = hands;
    }

    /**
     * @param owner who will read the buffers; gets SELECT on the columns named
     */
    public void ensure(List<CaptureNeed> needs, String owner) {
        // One order for everybody, against deadlocks.
        for (CaptureNeed need : needs.stream().sorted(Comparator.comparingLong(CaptureNeed::relation)).toList()) {
            keep(need.relation());
            awaitFormerMembers(need.relation());
            if (!satisfied(need, read(need.relation()))) {
                hands.engine("LOCK TABLE " + name(need.relation()) + " IN SHARE ROW EXCLUSIVE MODE");
                keep(need.relation()); // it may have been made meanwhile
                State state = read(need.relation());
                if (!satisfied(need, state)) {
                    install(need, state);
                }
            }
            grant(need, owner);
        }
    }

    /**
     * What a consumer that is being made has to read stays until its transaction has ended. A lock on a row, not an advisory one,
     * which anybody could take.
     */
    private void keep(long relation) {
        hands.engine("SELECT FROM pgtrickle.pgt_change_tracking WHERE source_relid = " + relation + " FOR KEY SHARE");
    }

    /** Whether the captured changes of a source may be deleted in this transaction: nobody is making a consumer, nor will before it ends. */
    public static boolean claim(Hands hands, long relation) {
        return !hands.ask("SELECT 1 AS free FROM pgtrickle.pgt_change_tracking WHERE source_relid = " + relation + " FOR UPDATE SKIP LOCKED").isEmpty();
    }

    /** Who wrote into a partition or child before it was taken away has been captured, and has to finish before anything is computed. */
    private void awaitFormerMembers(long relation) {
        for (Row former : hands.ask(FORMER_MEMBERS.formatted(relation))) {
            hands.engine("LOCK TABLE ONLY " + former.text("name") + " IN SHARE ROW EXCLUSIVE MODE");
        }
    }

    /**
     * Takes everything away again. The source may be gone; otherwise it is locked against everybody for a moment. Names are read
     * from one snapshot: regclass would print the number of a table that is dropped meanwhile, which is no name.
     */
    public void remove(long relation) {
        for (Row trigger : hands.ask("""
                SELECT g.tgname AS name, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS relation
                FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
                JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE g.tgparentid = 0 AND""" + RUNS_OURS.formatted(relation))) {
            hands.engine("DROP TRIGGER " + Quoting.identifier(trigger.text("name")) + " ON " + trigger.text("relation"));
        }
        for (Row function : hands.ask("""
                SELECT oid::regprocedure::text AS signature FROM pg_proc
                WHERE pronamespace = 'pgtrickle_changes'::regnamespace AND proname ~ '^pg_trickle_cdc_(ins|upd|del|truncate|open|merge|late|touch)_%d(_[0-9]+)?$'"""
                .formatted(relation))) {
            hands.engine("DROP FUNCTION " + function.text("signature"));
        }
        hands.engine("DROP TABLE IF EXISTS " + TriggerSql.buffer(relation));
        hands.engine("DELETE FROM pgtrickle.pgt_change_tracking WHERE source_relid = " + relation);
    }

    /**
     * @param buffer the buffer's columns with their types; {@code wanted} the source's, domains resolved, ready for DDL
     * @param functions by member and trigger, what its own enabled triggers run; {@code triggers} the names of what all of them run;
     *     {@code inherited} how those fire that it has from the table above it
     */
    private record State(
            List<CapturedTable> family, Map<String, String> buffer, Map<String, String> wanted, boolean tracked,
            List<String> captured, List<String> compared,
            Map<Long, Map<String, String>> functions, Map<Long, Map<String, String>> triggers, Map<Long, Map<String, String>> inherited) {

        /** As far as the source still has the column. */
        private List<String> existing(List<String> columns) {
            return columns.stream().filter(wanted::containsKey).toList();
        }

        private boolean triggersInPlace(CapturedTable member) {
            Map<String, String> enabled = functions.getOrDefault(member.member(), Map.of());
            Map<String, String> present = triggers.getOrDefault(member.member(), Map.of());
            return member.events().stream().allMatch(
                    event -> enabled.containsKey(member.trigger(event)) && member.function(event).equals(present.get(member.trigger(event))));
        }

        /** Names of triggers of ours that somebody has renamed: with those that take their places they would capture everything twice. */
        private List<String> renamed(CapturedTable member) {
            List<String> named = member.events().stream().map(member::trigger).toList();
            return triggers.getOrDefault(member.member(), Map.of()).keySet().stream().filter(name -> !named.contains(name)).toList();
        }

        private Optional<String> unsettled(CapturedTable member) {
            return new TriggerSql(member, List.of(), List.of()).settle(inherited.getOrDefault(member.member(), Map.of()));
        }

        /** Also not when columns were dropped or the key they are compared by is another. */
        private boolean functionsFit(CapturedTable member) {
            TriggerSql sql = new TriggerSql(member, existing(captured), existing(compared));
            Map<String, String> present = functions.getOrDefault(member.member(), Map.of());
            return triggersInPlace(member) && renamed(member).isEmpty()
                    && member.events().stream().allMatch(event -> sql.source(event).equals(present.get(member.trigger(event))));
        }
    }

    private boolean satisfied(CaptureNeed need, State state) {
        List<String> compared = need.columns().isEmpty() ? List.copyOf(state.wanted().keySet()) : need.columns();
        return state.tracked()
                && state.family().stream().allMatch(member -> state.functionsFit(member) && state.unsettled(member).isEmpty())
                && state.captured().containsAll(need.columns())
                && state.compared().containsAll(compared)
                && state.captured().stream().allMatch(c -> typeOf(state.wanted(), c).equals(typeOf(state.buffer(), c)));
    }

    private static String typeOf(Map<String, String> types, String column) {
        return types.getOrDefault(column, "");
    }

    private void install(CaptureNeed need, State state) {
        SequencedSet<String> captured = new LinkedHashSet<>(state.captured());
        captured.addAll(need.columns());
        captured.retainAll(state.wanted().keySet());
        SequencedSet<String> compared = new LinkedHashSet<>(state.compared());
        compared.addAll(need.columns().isEmpty() ? state.wanted().keySet() : need.columns());
        compared.addAll(captured);
        compared.retainAll(state.wanted().keySet());

        prepareBuffer(need.relation(), state, List.copyOf(captured));
        for (CapturedTable member : state.family()) {
            TriggerSql sql = new TriggerSql(member, List.copyOf(captured), List.copyOf(compared));
            sql.functions().forEach(ddl -> hands.engine(ddl));
            state.renamed(member).forEach(name -> hands.engine("DROP TRIGGER " + Quoting.identifier(name) + " ON " + member.name()));
            if (!state.triggersInPlace(member)) {
                sql.triggers().forEach(ddl -> hands.engine(ddl));
            }
        }
        State installed = read(need.relation());
        installed.family().forEach(member -> installed.unsettled(member).ifPresent(ddl -> hands.engine(ddl)));
        hands.engine("""
                INSERT INTO pgtrickle.pgt_change_tracking (source_relid, slot_name, captured_columns, compared_columns, captured_shape)
                VALUES (%1$d, 'trigger_%1$d', %2$s, %3$s, pgtrickle.pgt_capture_shape(%1$d, %3$s))
                ON CONFLICT (source_relid) DO UPDATE
                SET captured_columns = excluded.captured_columns, compared_columns = excluded.compared_columns,
                    captured_shape = excluded.captured_shape"""
                .formatted(need.relation(), textArray(captured), textArray(compared)));
    }

    /** Autovacuum stays away: the engine vacuums a buffer while it is empty, so that the planner believes it is small. */
    private void prepareBuffer(long relation, State state, List<String> captured) {
        String buffer = TriggerSql.buffer(relation);
        if (state.buffer().isEmpty()) {
            hands.engine("CREATE TABLE " + buffer + " (__pgt_xid xid8 NOT NULL, __pgt_w smallint NOT NULL, __pgt_mark bigint"
                    + captured.stream().map(c -> ", " + definition(state, c)).collect(Collectors.joining())
                    + ") WITH (autovacuum_enabled = off)");
            hands.engine("ALTER TABLE " + buffer + " ENABLE ROW LEVEL SECURITY");
            hands.engine("CREATE POLICY rights_at_the_source ON %s FOR SELECT USING ((SELECT pgtrickle.pgt_may_read_changes(%d, '%s'::regclass)))"
                    .formatted(buffer, relation, buffer));
            withoutStatistics(buffer, Stream.concat(Stream.of("__pgt_xid", "__pgt_w", "__pgt_mark"), captured.stream()).toList());
            return;
        }
        for (String column : captured) {
            String now = typeOf(state.buffer(), column);
            if (!now.isEmpty() && !now.equals(typeOf(state.wanted(), column))) {
                hands.engine("ALTER TABLE " + buffer + " DROP COLUMN " + Quoting.identifier(column));
                now = "";
            }
            if (now.isEmpty()) {
                hands.engine("ALTER TABLE " + buffer + " ADD COLUMN " + definition(state, column));
                withoutStatistics(buffer, List.of(column));
            }
        }
    }

    /**
     * ANALYZE runs functions of the columns' types as the table's owner, here the engine: a range type's subtype_diff may be
     * anybody's. And what a buffer held once tells nothing.
     */
    private void withoutStatistics(String buffer, List<String> columns) {
        hands.engine("ALTER TABLE " + buffer + columns.stream()
                .map(column -> " ALTER COLUMN " + Quoting.identifier(column) + " SET STATISTICS 0")
                .collect(Collectors.joining(",")));
    }

    private static String definition(State state, String column) {
        return Quoting.identifier(column) + " " + typeOf(state.wanted(), column);
    }

    /**
     * Two grants on one table at a time fail ("tuple concurrently updated"); the lock leaves writers alone. It is held until the
     * transaction, which may compute for long, has ended: so only who has to grant something takes it. REFERENCES on the whole table is good for
     * nothing without a key, but PostgreSQL refuses DROP OWNED to who has rights on single columns of another's table only.
     */
    private void grant(CaptureNeed need, String owner) {
        String buffer = TriggerSql.buffer(need.relation());
        List<String> columns = Stream.concat(Stream.of("__pgt_xid", "__pgt_w", "__pgt_mark"), need.columns().stream()).toList();
        boolean granted = hands.one("""
                SELECT (SELECT count(DISTINCT a.attname) FROM pg_attribute a, aclexplode(a.attacl) AS g
                        WHERE a.attrelid = c.oid AND a.attname = ANY (%s) AND g.grantee = r.oid AND g.privilege_type = 'SELECT') = %d
                    AND EXISTS (SELECT FROM aclexplode(c.relacl) AS g WHERE g.grantee = r.oid AND g.privilege_type = 'REFERENCES') AS granted
                FROM pg_class c, pg_roles r WHERE c.oid = '%s'::regclass AND r.rolname = %s"""
                .formatted(textArray(new LinkedHashSet<>(columns)), columns.size(), buffer, Quoting.literal(owner))).flag("granted");
        if (!granted) {
            hands.engine("LOCK TABLE " + buffer + " IN SHARE UPDATE EXCLUSIVE MODE");
            hands.engine("GRANT SELECT (" + columns.stream().map(Quoting::identifier).collect(Collectors.joining(", ")) + "), REFERENCES ON " + buffer
                    + " TO " + Quoting.identifier(owner));
        }
    }

    private String name(long relation) {
        return hands.one("SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name "
                + "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = " + relation).text("name");
    }

    private State read(long relation) {
        Row state = hands.one("""
                SELECT t.source_relid IS NOT NULL
                        AND t.captured_shape IS NOT DISTINCT FROM pgtrickle.pgt_capture_shape(t.source_relid, t.compared_columns) AS tracked,
                    coalesce(to_json(t.captured_columns), '[]')::text AS captured,
                    coalesce(to_json(t.compared_columns), '[]')::text AS compared,
                    (%2$s)::text AS wanted, (%3$s)::text AS buffer
                FROM (SELECT 1) one LEFT JOIN pgtrickle.pgt_change_tracking t ON t.source_relid = %1$d"""
                .formatted(relation, types(relation + "::oid"), types("to_regclass('" + TriggerSql.buffer(relation) + "')")));
        List<CapturedTable> family = new ArrayList<>();
        Map<Long, Map<String, String>> functions = new LinkedHashMap<>();
        Map<Long, Map<String, String>> triggers = new LinkedHashMap<>();
        Map<Long, Map<String, String>> inherited = new LinkedHashMap<>();
        for (Row member : hands.ask(FAMILY.formatted(relation))) {
            family.add(new CapturedTable(relation, member.number("oid"), member.text("name"),
                    member.flag("routes"), member.flag("partition"), member.find("descendants").map(Capture::numbers).orElse(List.of()),
                    strings(member.text("live")), strings(member.text("shapes")), member.number("oid") == relation ? strings(member.text("key")) : List.of()));
            functions.put(member.number("oid"), texts(member.text("functions")));
            triggers.put(member.number("oid"), texts(member.text("triggers")));
            inherited.put(member.number("oid"), texts(member.text("inherited")));
        }
        return new State(family, byName(state.text("buffer")), byName(state.text("wanted")), state.flag("tracked"),
                strings(state.text("captured")), strings(state.text("compared")), functions, triggers, inherited);
    }

    private static String types(String relation) {
        return """
                SELECT coalesce(json_agg(json_build_array(a.attname, pgtrickle.pgt_base_type(a.atttypid, a.atttypmod)
                    || CASE WHEN a.attcollation NOT IN (0, t.typcollation)
                       THEN format(' COLLATE %%I.%%I', n.nspname, l.collname) ELSE '' END) ORDER BY a.attnum), '[]')
                FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
                LEFT JOIN pg_collation l ON l.oid = a.attcollation LEFT JOIN pg_namespace n ON n.oid = l.collnamespace
                WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped""".formatted(relation);
    }

    /** Whose trigger it is; its name is the table owner's to change. */
    private static final String RUNS_OURS =
            " p.pronamespace = 'pgtrickle_changes'::regnamespace AND p.proname ~ '^pg_trickle_cdc_[a-z]+_%1$d(_[0-9]+)?$'";

    private static final String MEMBERS = """
            WITH RECURSIVE family(oid) AS (
                SELECT %1$d::oid UNION SELECT inhrelid FROM pg_inherits JOIN family ON inhparent = family.oid WHERE NOT inhdetachpending
            )
            """;

    private static final String FORMER_MEMBERS = MEMBERS + """
            SELECT DISTINCT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name
            FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid AND p.pronamespace = 'pgtrickle_changes'::regnamespace
            JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE""" + RUNS_OURS + """
                 AND c.oid NOT IN (SELECT oid FROM family)
            ORDER BY 1""";

    private static final String FAMILY = MEMBERS + """
            SELECT c.oid::int8 AS oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name, c.relkind = 'p' AS routes, c.relispartition AS partition,
                CASE WHEN c.relkind = 'r' AND NOT c.relispartition THEN (
                    WITH RECURSIVE below(oid) AS (
                        SELECT inhrelid FROM pg_inherits WHERE inhparent = c.oid UNION SELECT inhrelid FROM pg_inherits JOIN below ON inhparent = below.oid
                    )
                    SELECT json_agg(oid::int8 ORDER BY oid) FROM below) END::text AS descendants,
                (SELECT coalesce(json_agg(attname ORDER BY attnum), '[]') FROM pg_attribute
                 WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped)::text AS live,
                (SELECT coalesce(json_agg(concat_ws(' ', attnum, atttypid::oid, atttypmod) ORDER BY attnum), '[]') FROM pg_attribute
                 WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped)::text AS shapes,
                coalesce((SELECT json_agg(a.attname ORDER BY u.position)
                    FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS u(attnum, position), pg_attribute a, pg_type t
                    WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisvalid AND i.indimmediate AND u.position <= i.indnkeyatts
                        AND a.attrelid = c.oid AND a.attnum = u.attnum AND t.oid = a.atttypid
                        AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid AND c.relkind = 'r')
                    HAVING bool_and(t.typtype = 'b' AND t.typnamespace = 'pg_catalog'::regnamespace)), '[]')::text AS key,
                (SELECT coalesce(json_object_agg(g.tgname, p.prosrc), '{}') FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
                 WHERE g.tgrelid = c.oid AND g.tgenabled = 'A' AND g.tgparentid = 0 AND""" + RUNS_OURS + """
                )::text AS functions,
                (SELECT coalesce(json_object_agg(g.tgname, p.proname), '{}') FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
                 WHERE g.tgrelid = c.oid AND g.tgparentid = 0 AND""" + RUNS_OURS + """
                )::text AS triggers,
                (SELECT coalesce(json_object_agg(g.tgname, g.tgenabled), '{}') FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
                 WHERE g.tgrelid = c.oid AND g.tgparentid <> 0 AND""" + RUNS_OURS + """
                )::text AS inherited
            FROM family JOIN pg_class c ON c.oid = family.oid JOIN pg_namespace n ON n.oid = c.relnamespace
            ORDER BY c.oid""";

    private static Map<String, String> texts(String json) {
        return FactsJson.read(json, new TypeReference<Map<String, String>>() {});
    }

    private static List<Long> numbers(String json) {
        return FactsJson.read(json, new TypeReference<List<Long>>() {});
    }

    private static List<String> strings(String json) {
        return FactsJson.read(json, new TypeReference<List<String>>() {});
    }

    private static Map<String, String> byName(String json) {
        return FactsJson.read(json, new TypeReference<List<List<String>>>() {}).stream()
                .collect(Collectors.toMap(List::getFirst, List::getLast, (a, b) -> a, LinkedHashMap::new));
    }

    private static String textArray(SequencedSet<String> values) {
        Function<String, String> literal = Quoting::literal;
        return "ARRAY[" + values.stream().map(literal).collect(Collectors.joining(", ")) + "]::text[]";
    }
}
