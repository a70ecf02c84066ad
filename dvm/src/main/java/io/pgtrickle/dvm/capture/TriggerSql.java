// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.capture;

import io.pgtrickle.sql.render.Quoting;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The trigger functions of one table. They belong to the engine's role, so they must run no user code: columns are only
 * moved and compared as images ({@code *<>}), never with a type's own operators, except built-in ones on keys.
 *
 * <p>Transition tables are read through positional column aliases (__pgt_c1, __pgt_c2, …; columns behind the last one used keep
 * their names, which must not be the same): renaming a column of the source does not
 * break the writers; the fingerprint notices it and the stream table is made anew. Where columns were dropped or have other
 * types, the aliases fit no longer: until the function is made again it writes the marker that has everything computed anew.
 */
final class TriggerSql {

    private static final String ALIAS = "__pgt_c";

    private final CapturedTable table;
    private final List<String> captured;
    private final List<String> compared;
    private final String buffer;

    TriggerSql(CapturedTable table, List<String> captured, List<String> compared) {
        this.table = table;
        this.captured = captured;
        this.compared = compared;
        this.buffer = buffer(table.source());
    }

    static String buffer(long source) {
        return "pgtrickle_changes.changes_" + source;
    }

    /** What the triggers run. A trigger that is in place stays: made again it would look to others as if it had been disabled. */
    List<String> functions() {
        return table.events().stream().flatMap(event -> Stream.of(function(event), rights(event))).toList();
    }

    List<String> triggers() {
        return table.events().stream().flatMap(event -> Stream.of(trigger(event), always(event))).toList();
    }

    private String function(String event) {
        String head = "CREATE OR REPLACE FUNCTION pgtrickle_changes." + table.function(event) + "() RETURNS trigger\nLANGUAGE plpgsql ";
        return switch (event) {
            case "open", "merge", "late", "touch" -> head + "AS " + Quoting.literal(source(event));
            default -> head + "SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS " + Quoting.literal(source(event));
        };
    }

    /**
     * Open to all, anybody could put it on a table of his own and write into this buffer; a trigger in place needs no such right.
     * Those on rows write nothing, and who creates or attaches a partition puts them on that.
     */
    private String rights(String event) {
        String function = "ALL ON FUNCTION pgtrickle_changes." + table.function(event) + "()";
        return List.of("merge", "late", "touch").contains(event) ? "GRANT " + function + " TO PUBLIC" : "REVOKE " + function + " FROM PUBLIC";
    }

    /** The function's text, as pg_proc keeps it. */
    String source(String event) {
        return switch (event) {
            case "open" -> RowMoves.opening(table.source());
            case "merge" -> RowMoves.moving(table.source());
            case "late", "touch" -> LateMembers.note(table.source());
            default -> """

                    DECLARE
                        __pgt_xid xid8 := pg_current_xact_id();
                    %sBEGIN
                    %s%s%s%s%s;
                        RETURN NULL;
                    END
                    """.formatted(
                            moves("    __pgt_open text;\n    __pgt_at int;\n    __pgt_context text;\n    __pgt_moved text;\n    __pgt_alone bool;\n"),
                            closing(event), detached(), late(event), misfit(event), body(event).indent(4).stripTrailing());
        };
    }

    private String moves(String text) {
        return table.routes() ? text : "";
    }

    private String closing(String event) {
        return event.equals("truncate") ? "" : moves(RowMoves.closing(table.source(), event, marker(0, "").strip()));
    }

    /** A partition that was detached, a child that no longer inherits: its changes are none of the source's. */
    private String detached() {
        return table.member() == table.source() ? "" : """
                    IF NOT EXISTS (
                        WITH RECURSIVE above(oid) AS (
                            SELECT inhparent FROM pg_inherits WHERE inhrelid = TG_RELID AND NOT inhdetachpending
                            UNION SELECT inhparent FROM pg_inherits JOIN above ON inhrelid = above.oid WHERE NOT inhdetachpending
                        )
                        SELECT FROM above WHERE oid = %d)
                    THEN
                        RETURN NULL;
                    END IF;
                """.formatted(table.source());
    }

    /** An INSERT reaches no children, and a TRUNCATE has everything computed anew in any case. */
    private String late(String event) {
        return switch (event) {
            case "truncate" -> "";
            default -> table.routes() ? LateMembers.partitions(table.source(), marker(0, "").strip())
                    : table.partition() || event.equals("ins") ? ""
                    : LateMembers.children(table.member(), table.descendants(), marker(0, "").strip());
        };
    }

    private String misfit(String event) {
        return captured.isEmpty() || event.equals("truncate") ? "" : """
                    IF (SELECT string_agg(concat_ws(' ', attnum, atttypid::oid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute
                        WHERE attrelid = TG_RELID AND attnum BETWEEN 1 AND %s AND NOT attisdropped) IS DISTINCT FROM '%s'
                    THEN
                        %s;
                        RETURN NULL;
                    END IF;
                """.formatted(
                        number(table.shapes().get(last())),
                        String.join(", ", table.shapes().subList(0, last() + 1)),
                        marker(0, "").strip());
    }

    private static String number(String shape) {
        return shape.substring(0, shape.indexOf(' '));
    }

    private String trigger(String event) {
        String name = "CREATE OR REPLACE TRIGGER " + table.trigger(event);
        String run = " EXECUTE FUNCTION pgtrickle_changes." + table.function(event) + "()";
        if (event.equals("open")) {
            return name + " BEFORE INSERT OR UPDATE OR DELETE ON " + table.name() + " FOR EACH STATEMENT" + run;
        }
        if (event.equals("merge")) {
            return name + " BEFORE INSERT OR DELETE ON " + table.name() + " FOR EACH ROW WHEN "
                    + RowMoves.AMID_UPDATE.formatted(RowMoves.open(table.source())) + run;
        }
        if (event.equals("late")) {
            return name + " AFTER INSERT OR DELETE ON " + table.name() + " FOR EACH ROW WHEN " + LateMembers.noting(table.source()) + run;
        }
        if (event.equals("touch")) {
            return name + " AFTER UPDATE ON " + table.name() + " FOR EACH ROW WHEN " + LateMembers.unnoted(table.source()) + run;
        }
        String when = switch (event) {
            case "ins" -> "INSERT ON " + table.name() + " REFERENCING NEW TABLE AS __pgt_new";
            case "upd" -> "UPDATE ON " + table.name() + " REFERENCING OLD TABLE AS __pgt_old NEW TABLE AS __pgt_new";
            case "del" -> "DELETE ON " + table.name() + " REFERENCING OLD TABLE AS __pgt_old";
            default -> "TRUNCATE ON " + table.name();
        };
        return name + " AFTER " + when + " FOR EACH STATEMENT" + run;
    }

    /**
     * What makes triggers that a partition has from the table above it fire as they are to; empty if they do. Those a new one gets fire
     * like its table's.
     *
     * @param inherited how they fire now
     */
    Optional<String> settle(Map<String, String> inherited) {
        String changes = inherited.entrySet().stream()
                .filter(trigger -> !trigger.getValue().equals(table.firing(trigger.getKey())))
                .map(Map.Entry::getKey)
                .map(trigger -> (table.firing(trigger).equals("D") ? " DISABLE" : " ENABLE ALWAYS") + " TRIGGER " + Quoting.identifier(trigger))
                .collect(Collectors.joining(","));
        return changes.isEmpty() ? Optional.empty() : Optional.of("ALTER TABLE ONLY " + table.name() + changes);
    }

    /** Whatever session_replication_role says. Logical replication fires none of them: its tables are not captured. */
    private String always(String event) {
        return "ALTER TABLE " + table.name() + " ENABLE ALWAYS TRIGGER " + table.trigger(event);
    }

    String body(String event) {
        return switch (event) {
            case "ins" -> captured.isEmpty() ? marker(1, "WHERE EXISTS (SELECT FROM __pgt_new)") : rows(1, "__pgt_new");
            case "del" -> captured.isEmpty() ? marker(-1, "WHERE EXISTS (SELECT FROM __pgt_old)") : rows(-1, "__pgt_old");
            case "upd" -> update();
            default -> marker(0, "");
        };
    }

    private String update() {
        if (captured.isEmpty()) {
            return marker(1, "WHERE EXISTS (SELECT FROM __pgt_new)");
        }
        if (table.key().isEmpty()) {
            return insert() + "\n" + select(-1, "__pgt_old") + "\nUNION ALL\n" + select(1, "__pgt_new");
        }
        String on = on(key -> "o." + alias(key) + " = n." + alias(key));
        String present = alias(table.key().getFirst());
        return """
                %s
                SELECT __pgt_xid, v.w, %s
                FROM __pgt_old AS o%s FULL JOIN __pgt_new AS n%s ON %s,
                    LATERAL (VALUES (-1::smallint, o.%s IS NOT NULL, %s), (1::smallint, n.%s IS NOT NULL, %s)) AS v(w, present, %s)
                WHERE v.present AND (o.%s IS NULL OR n.%s IS NULL OR ROW(%s)::record OPERATOR(pg_catalog.*<>) ROW(%s)::record)"""
                .formatted(
                        insert(), list(captured, c -> "v." + alias(c)), aliases(), aliases(), on,
                        present, list(captured, c -> "o." + alias(c)), present, list(captured, c -> "n." + alias(c)),
                        list(captured, this::alias), present, present,
                        list(compared, c -> "o." + alias(c)), list(compared, c -> "n." + alias(c)));
    }

    private String rows(int weight, String transition) {
        return insert() + "\n" + select(weight, transition);
    }

    private String insert() {
        return "INSERT INTO " + buffer + " (__pgt_xid, __pgt_w, " + list(captured, Quoting::identifier) + ")";
    }

    private String select(int weight, String transition) {
        return "SELECT __pgt_xid, " + weight + "::smallint, " + list(captured, c -> "t." + alias(c)) + " FROM " + transition + " AS t" + aliases();
    }

    private String marker(int weight, String condition) {
        return "INSERT INTO " + buffer + " (__pgt_xid, __pgt_w) SELECT __pgt_xid, " + weight + "::smallint " + condition;
    }

    private String alias(String column) {
        return ALIAS + (table.live().indexOf(column) + 1);
    }

    private String aliases() {
        int all = last() + 1;
        return IntStream.rangeClosed(1, all).mapToObj(i -> ALIAS + i).collect(Collectors.joining(", ", "(", ")"));
    }

    /** The last column that is looked at. */
    private int last() {
        return Stream.of(captured, compared, table.key()).flatMap(List::stream).mapToInt(table.live()::indexOf).max().orElse(0);
    }

    private String on(Function<String, String> condition) {
        return table.key().stream().map(condition).collect(Collectors.joining(" AND "));
    }

    private static String list(List<String> columns, Function<String, String> text) {
        return columns.stream().map(text).collect(Collectors.joining(", "));
    }
}
