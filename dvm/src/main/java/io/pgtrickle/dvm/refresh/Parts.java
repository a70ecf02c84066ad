// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.refresh;

import io.pgtrickle.dvm.analysis.Planner;
import io.pgtrickle.dvm.capture.Capture;
import io.pgtrickle.dvm.capture.CaptureNeed;
import io.pgtrickle.dvm.plan.StateTable;
import io.pgtrickle.dvm.plan.StreamPlan;
import io.pgtrickle.dvm.plan.Target;
import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.sql.render.Quoting;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What belongs to a stream table besides the visible table: captures, state tables, indexes, the refresh lock, the guard. */
public final class Parts {

    private final Hands hands;

    public Parts(Hands hands) {
        this.hands = hands;
    }

    /** Makes the names of state tables and the query view: at most 6 bytes follow. */
    public static String prefix(String name, long id) {
        String tail = "_" + id;
        int room = 63 - 6 - tail.length();
        StringBuilder kept = new StringBuilder();
        int bytes = 0;
        for (int i = 0; i < name.length(); i += Character.charCount(name.codePointAt(i))) {
            String character = Character.toString(name.codePointAt(i));
            bytes += character.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
            if (bytes > room) {
                break;
            }
            kept.append(character);
        }
        return kept + tail;
    }

    /** Captures what the plan consumes. */
    public void capture(Planner.Planned planned, String owner) {
        List<CaptureNeed> needs = planned.plan().sources().stream()
                .map(source -> new CaptureNeed(source.relation(), source.columns()))
                .toList();
        new Capture(hands).ensure(needs, owner);
    }

    /** The lock that serialises refreshes, and the guard that keeps everybody else from writing. */
    public void lockAndGuard(long id, Target target) {
        String table = Quoting.qualified(target.table());
        hands.engine("CREATE TABLE pgtrickle_state.lock_" + id + " ()");
        guard(table);
    }

    /** The refresh lock of a stream table that is to be dropped. @return false if it has been dropped meanwhile */
    public static boolean lockAgainstAll(Hands hands, long id) {
        return hands.one("SELECT pgtrickle.pgt_lock(" + id + ", 'ACCESS EXCLUSIVE') AS locked").flag("locked");
    }

    /** The table's owner may have enabled, disabled or dropped what guards it. */
    public void restoreGuard(Target target) {
        String table = Quoting.qualified(target.table());
        boolean intact = hands.one("""
                SELECT count(*) = 3 AS intact FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgfoid = 'pgtrickle.pgt_guard'::regproc
                    AND (tgname, tgenabled) IN (('pgt_dml_guard', 'A'), ('pgt_truncate_guard', 'A'), ('pgt_inherit_guard', 'D'))"""
                .formatted(Quoting.literal(table))).flag("intact");
        if (!intact) {
            guard(table);
        }
    }

    /**
     * A write through a parent fires only the parent's statement triggers. A trigger of the third kind, which never runs, makes PostgreSQL
     * refuse the table as a partition or child; all it costs is a note of each deleted row.
     */
    private void guard(String table) {
        for (String[] guard : new String[][] {{"pgt_dml_guard", "INSERT OR UPDATE OR DELETE"}, {"pgt_truncate_guard", "TRUNCATE"}}) {
            hands.engine("CREATE OR REPLACE TRIGGER " + guard[0] + " BEFORE " + guard[1] + " ON " + table
                    + " FOR EACH STATEMENT EXECUTE FUNCTION pgtrickle.pgt_guard()");
            hands.engine("ALTER TABLE " + table + " ENABLE ALWAYS TRIGGER " + guard[0]);
        }
        hands.engine("CREATE OR REPLACE TRIGGER pgt_inherit_guard AFTER DELETE ON " + table
                + " REFERENCING OLD TABLE AS gone FOR EACH ROW WHEN (false) EXECUTE FUNCTION pgtrickle.pgt_guard()");
        hands.engine("ALTER TABLE " + table + " DISABLE TRIGGER pgt_inherit_guard");
    }

    /**
     * State tables are the engine's; programs change their rows with the rights of the owner, whom the guard keeps from doing so
     * by hand. ANALYZE would run functions of users' types, e.g. a range's subtype_diff, as the engine, so it leaves such columns out.
     *
     * @param relation OID of the visible table
     */
    public void createState(StreamPlan plan, Target target, long relation, String owner) {
        plan.stateTableDdl(target).forEach(ddl -> hands.engine(ddl));
        for (StateTable table : plan.stateTables()) {
            String name = Quoting.qualified(table.name(target));
            hands.engine("GRANT SELECT, INSERT, UPDATE, DELETE ON " + name + " TO " + owner);
            hands.engine("CREATE TRIGGER pgt_state_guard BEFORE INSERT OR UPDATE OR DELETE ON " + name
                    + " FOR EACH STATEMENT EXECUTE FUNCTION pgtrickle.pgt_guard(" + relation + ")");
            hands.engine("ALTER TABLE " + name + " ENABLE ALWAYS TRIGGER pgt_state_guard");
            hands.one("""
                    SELECT string_agg(format('ALTER COLUMN %%I SET STATISTICS 0', a.attname), ', ') AS columns
                    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
                    WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND t.typnamespace <> 'pg_catalog'::regnamespace"""
                    .formatted(Quoting.literal(name)))
                    .find("columns").ifPresent(columns -> hands.engine("ALTER TABLE " + name + " " + columns));
        }
    }

    public void dropState(List<String> suffixes, String statePrefix) {
        Function<String, String> name = suffix -> Quoting.qualified("pgtrickle_state", statePrefix + suffix);
        suffixes.forEach(suffix -> hands.engine("DROP TABLE " + name.apply(suffix)));
    }

    /** The one the engine made when these columns were a key; of several alike the oldest. */
    public void dropUniqueIndex(long id, List<String> key) {
        String columns = key.stream().map(Quoting::literal).collect(Collectors.joining(", ", "ARRAY[", "]::text[]"));
        hands.ask("""
                SELECT i.indexrelid::regclass::text AS name FROM pgtrickle.pgt_stream_tables t JOIN pg_index i ON i.indrelid = t.pgt_relid
                WHERE t.pgt_id = %d AND i.indisunique AND i.indexprs IS NULL AND i.indpred IS NULL
                    AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
                    AND %s = ARRAY(
                        SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, n)
                        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum ORDER BY k.n)
                ORDER BY i.indexrelid LIMIT 1""".formatted(id, columns)).forEach(row -> hands.engine("DROP INDEX " + row.text("name")));
    }

    /** @param present statements of an earlier plan, whose indexes exist */
    public void createIndexes(StreamPlan plan, Target target, Set<String> present) {
        plan.indexDdl(target).stream().filter(ddl -> !present.contains(ddl)).forEach(ddl -> hands.engine(ddl));
    }
}
