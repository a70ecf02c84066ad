// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.analysis;

import com.fasterxml.jackson.core.type.TypeReference;
import io.pgtrickle.dvm.catalog.FactsJson;
import io.pgtrickle.dvm.catalog.QuerySettings;
import io.pgtrickle.dvm.plan.ColumnFacts;
import io.pgtrickle.dvm.plan.QueryFacts;
import io.pgtrickle.dvm.plan.RelationFacts;
import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.dvm.session.Row;
import io.pgtrickle.sql.parse.FunctionCatalog;
import io.pgtrickle.sql.render.Quoting;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Reads the facts of a view from PostgreSQL's catalogs (DELTA.md 1). */
final class FactsReader {

    /** The view itself and every relation its rules mention, views looked through. */
    private static final String READS = """
            WITH RECURSIVE reads(oid) AS (
                SELECT %1$d::oid
                UNION
                SELECT d.refobjid FROM reads
                JOIN pg_class v ON v.oid = reads.oid AND v.relkind = 'v'
                JOIN pg_rewrite r ON r.ev_class = v.oid
                JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                    AND d.refclassid = 'pg_class'::regclass
                JOIN pg_class c ON c.oid = d.refobjid AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
            )
            """;

    private static final String RELATIONS = READS + """
            SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
                c.relkind IN ('r', 'p') AND c.oid >= 16384
                    AND n.nspname NOT IN ('pgtrickle', 'pgtrickle_state', 'pgtrickle_changes')
                    AND NOT EXISTS (
                        WITH RECURSIVE family(oid) AS (
                            SELECT c.oid UNION SELECT inhrelid FROM pg_inherits JOIN family ON inhparent = family.oid
                            WHERE NOT inhdetachpending)
                        SELECT FROM family JOIN pg_class k ON k.oid = family.oid
                        WHERE k.relkind NOT IN ('r', 'p') OR k.relpersistence <> 'p'
                            OR EXISTS (SELECT FROM pg_subscription_rel WHERE srrelid = k.oid)
                            OR EXISTS (SELECT FROM pg_inherits WHERE inhrelid = k.oid
                                AND inhparent NOT IN (SELECT oid FROM family)))
                    AS capturable,
                pgtrickle.pgt_columns(c.oid)::text AS columns,
                CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid) END AS definition,
                (SELECT coalesce(jsonb_agg(k.columns ORDER BY NOT k.indisprimary, k.indexrelid), '[]')::text
                 FROM (SELECT i.indexrelid, i.indisprimary, jsonb_agg(a.attname ORDER BY u.position) AS columns
                       FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam AND m.amname = 'btree',
                            unnest(i.indkey::int2[], i.indclass::oid[], i.indcollation::oid[])
                                WITH ORDINALITY AS u(attnum, class, "collation", position)
                            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.attnum
                       WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
                           AND i.indpred IS NULL AND i.indexprs IS NULL AND u.position <= i.indnkeyatts
                           AND (c.relkind = 'p' OR NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid))
                       GROUP BY i.indexrelid, i.indisprimary
                       HAVING bool_and(a.attname = ANY (pgtrickle.pgt_not_null(c.oid)) AND pgtrickle.pgt_index_compares(u.class, u."collation", a.attcollation))) k) AS keys,
                c.relkind IN ('r', 'p') AND c.relrowsecurity AND EXISTS (
                    SELECT FROM reads JOIN pg_class w ON w.oid = reads.oid AND w.relkind = 'v' JOIN pg_roles p ON p.oid = w.relowner
                    WHERE NOT (p.rolsuper OR p.rolbypassrls
                        OR pg_has_role(p.oid, c.relowner, 'USAGE') AND NOT c.relforcerowsecurity)) AS policed,
                c.relkind IN ('r', 'p') AND NOT has_table_privilege(o.oid, c.oid, 'SELECT') AND EXISTS (
                    SELECT FROM reads JOIN pg_rewrite r ON r.ev_class = reads.oid
                    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                        AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
                    WHERE d.refobjsubid <= 0 OR NOT has_column_privilege(o.oid, c.oid, d.refobjsubid::int2, 'SELECT'))
                    AS borrowed,
                (SELECT to_json(array_agg(DISTINCT a.attname ORDER BY a.attname))::text
                 FROM reads JOIN pg_rewrite r ON r.ev_class = reads.oid
                 JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                    AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
                 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid AND a.attgenerated = 'v') AS virtual
            FROM reads JOIN pg_class c ON c.oid = reads.oid JOIN pg_namespace n ON n.oid = c.relnamespace,
                pg_class q JOIN pg_roles o ON o.oid = q.relowner
            WHERE q.oid = %1$d AND c.oid <> q.oid
            ORDER BY c.oid""";

    /** What the analysed trees call, by OID: no name resolution of ours can be wrong about it. */
    private static final String FUNCTIONS = READS + """
            SELECT p.oid::int8 AS oid, p.proname AS name, n.nspname AS schema,
                quote_ident(p.proname) AS plain, quote_ident(n.nspname) || '.' || quote_ident(p.proname) AS qualified,
                p.prokind::text AS kind, p.proretset AS set_returning, p.provolatile::text AS volatility, p.pronargs AS arguments
            FROM (SELECT DISTINCT m[1]::oid AS oid FROM reads JOIN pg_rewrite r ON r.ev_class = reads.oid,
                    regexp_matches(r.ev_action::text, ':(?:funcid|opfuncid|aggfnoid|winfnoid) (\\d+)', 'g') AS m) f
            JOIN pg_proc p ON p.oid = f.oid JOIN pg_namespace n ON n.oid = p.pronamespace
            ORDER BY n.nspname, p.proname, p.oid""";

    /** CURRENT_DATE and its kin are not functions in the tree; the numbers are SQLValueFunctionOp's. */
    private static final String VALUE_FUNCTIONS = READS + """
            SELECT DISTINCT m[1]::int8 AS op FROM reads JOIN pg_rewrite r ON r.ev_class = reads.oid,
                regexp_matches(r.ev_action::text, '\\{SQLVALUEFUNCTION :op (\\d+)', 'g') AS m ORDER BY 1""";

    /** Of type money or money[]. */
    private static final Pattern MONEY_CONSTANT = Pattern.compile(":consttype 79[01] ");

    private static final List<String> VALUE_FUNCTION_NAMES = List.of(
            "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIME",
            "LOCALTIMESTAMP", "LOCALTIMESTAMP", "CURRENT_ROLE", "CURRENT_USER", "USER", "SESSION_USER", "CURRENT_CATALOG",
            "CURRENT_SCHEMA");

    private static final String TREES = READS + "SELECT r.ev_action::text AS tree FROM reads JOIN pg_rewrite r ON r.ev_class = reads.oid";

    /**
     * Of these types those whose text is not theirs alone: names of objects (reg*, aclitem), which are renamed, and users' types that
     * say so. What depends on pinned settings does not count, nor does that 'now' is a time; what enums and composites are made of is
     * in the fingerprints.
     */
    private static final String UNSTABLE_TEXTS = """
            SELECT DISTINCT p.proname || ' (text of type ' || format_type(t.oid, NULL) || ')' AS name
            FROM unnest('{%s}'::oid[]) AS used(oid), pgtrickle.pgt_type_parts(used.oid) AS parts(oid) JOIN pg_type t ON t.oid = parts.oid
            JOIN pg_proc p ON p.oid = t.%s
            WHERE t.typtype = 'b' AND p.provolatile <> 'i' AND p.oid NOT IN ('array_in'::regproc, 'array_out'::regproc)
                AND t.oid <> ALL ('{date,time,timetz,timestamp,timestamptz,interval,money,xml}'::regtype[]::oid[])
            ORDER BY 1""";

    private final Hands hands;
    private final QuerySettings settings;

    FactsReader(Hands hands, QuerySettings settings) {
        this.hands = hands;
        this.settings = settings;
    }

    QueryFacts read(long view) {
        List<String> obstacles = new ArrayList<>();
        List<RelationFacts> relations = new ArrayList<>();
        for (Row row : hands.ask(RELATIONS.formatted(view))) {
            relations.add(relation(row));
            String name = row.text("schema") + "." + row.text("name");
            if (row.flag("borrowed")) {
                obstacles.add("reading " + name + " only with the rights of a view");
            }
            row.find("virtual").map(FactsReader::strings).orElse(List.of()).forEach(
                    column -> obstacles.add("virtual generated column " + column + " of " + name + ", which triggers cannot read"));
        }
        Map<String, String> kinds = new TreeMap<>();
        List<String> volatileFunctions = new ArrayList<>();
        List<String> stableFunctions = new ArrayList<>();
        Set<Long> printing = new HashSet<>();
        for (Row row : hands.ask(FUNCTIONS.formatted(view))) {
            FunctionCatalog.Kind kind = kind(row);
            kinds.put(row.text("qualified"), kind.name());
            if (row.text("schema").equals("pg_catalog")) {
                kinds.put(row.text("plain"), kind.name());
            }
            if (row.text("volatility").equals("v")) {
                volatileFunctions.add(display(row));
            } else if (row.text("volatility").equals("s")) {
                if (StableFunctions.dependsOnSettingsOnly(row.text("schema"), row.text("name"), row.number("arguments"))) {
                    printing.add(row.number("oid"));
                } else {
                    stableFunctions.add(display(row));
                }
            }
        }
        readTrees(view, printing, stableFunctions, obstacles);
        for (Row row : hands.ask(VALUE_FUNCTIONS.formatted(view))) {
            stableFunctions.add(VALUE_FUNCTION_NAMES.get((int) row.number("op")));
        }
        Row self = hands.one("SELECT pg_get_viewdef(" + view + "::oid) AS canonical, pgtrickle.pgt_columns(" + view + "::oid)::text AS columns");
        return new QueryFacts(
                self.text("canonical"), relations, FactsJson.columns(self.text("columns")), kinds,
                volatileFunctions.stream().distinct().toList(), stableFunctions.stream().distinct().toList(), obstacles, Map.of());
    }

    private void readTrees(long view, Set<Long> printing, List<String> stableFunctions, List<String> obstacles) {
        Set<Long> printed = new TreeSet<>();
        Set<Long> read = new TreeSet<>();
        boolean money = false;
        for (Row row : hands.ask(TREES.formatted(view))) {
            RuleTree.Conversions conversions = RuleTree.conversions(row.text("tree"), printing);
            printed.addAll(conversions.printed());
            read.addAll(conversions.read());
            money |= MONEY_CONSTANT.matcher(row.text("tree")).find();
        }
        stableFunctions.addAll(unstable(printed, "typoutput"));
        stableFunctions.addAll(unstable(read, "typinput"));
        if (settings.text("array_nulls").equals("off")) {
            obstacles.add("array_nulls = off, under which constants are not what they seem");
        }
        String here = hands.one("SELECT current_setting('lc_monetary') AS locale").text("locale");
        if (money && !here.equals(settings.text("lc_monetary"))) {
            obstacles.add("a constant of type money printed for another lc_monetary");
        }
    }

    private List<String> unstable(Set<Long> types, String function) {
        return hands.ask(UNSTABLE_TEXTS.formatted(types.stream().map(String::valueOf).collect(Collectors.joining(",")), function)).stream()
                .map(row -> row.text("name"))
                .toList();
    }

    private static String display(Row row) {
        return row.text("schema").equals("pg_catalog") ? row.text("plain") : row.text("qualified");
    }

    private static RelationFacts relation(Row row) {
        List<ColumnFacts> columns = FactsJson.columns(row.text("columns"));
        return new RelationFacts(
                row.number("oid"), row.text("schema"), row.text("name"), row.text("kind").charAt(0), row.flag("capturable"), row.flag("policed"),
                columns, FactsJson.read(row.text("keys"), new TypeReference<List<List<String>>>() {}), row.find("definition"));
    }

    private static List<String> strings(String json) {
        return FactsJson.read(json, new TypeReference<List<String>>() {});
    }

    private static FunctionCatalog.Kind kind(Row row) {
        return switch (row.text("kind")) {
            case "a" -> FunctionCatalog.Kind.AGGREGATE;
            case "w" -> FunctionCatalog.Kind.WINDOW;
            default -> row.flag("set_returning") ? FunctionCatalog.Kind.SET_RETURNING : FunctionCatalog.Kind.SCALAR;
        };
    }

    /** The columns of a SELECT. */
    List<ColumnFacts> describe(String select) {
        return FactsJson.columns(described(select).text("columns"));
    }

    /** The canonical text of a query; empty if PostgreSQL refuses it. */
    Optional<String> deparse(String query) {
        return described(query).find("canonical");
    }

    private Row described(String query) {
        return hands.one("SELECT canonical, columns FROM pgtrickle.pgt_describe(" + Quoting.literal(query) + ")");
    }
}
