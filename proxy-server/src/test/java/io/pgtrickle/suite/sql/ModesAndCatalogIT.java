// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.Lab;
import io.pgtrickle.suite.Notice;
import io.pgtrickle.suite.SqlError;
import io.pgtrickle.suite.SqlSuite;
import io.pgtrickle.suite.oracle.Oracle;
import io.pgtrickle.suite.step.StreamTable;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Refresh modes, what the engine says when it falls back, and what the catalog tells. */
class ModesAndCatalogIT extends SqlSuite {

    ModesAndCatalogIT(Door door) {
        super(door);
    }

    @BeforeEach
    void source() {
        run("CREATE TABLE t (id integer PRIMARY KEY, g text, x integer)", "INSERT INTO t VALUES (1, 'a', 10), (2, 'b', 20), (3, 'a', 30)");
    }

    private static String auto(String query) {
        return "CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS " + query;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            SELECT id, row_number() OVER (ORDER BY id) AS n FROM t   | window
            SELECT id FROM t ORDER BY id LIMIT 2                     | LIMIT
            SELECT id, random() AS r FROM t                          | random
            SELECT t.id, u.x FROM t LEFT JOIN t u ON u.id = t.x      | LEFT JOIN
            SELECT id FROM t WHERE EXISTS (SELECT FROM t u WHERE u.x = t.id) | EXISTS
            SELECT id FROM t EXCEPT SELECT 1                         | EXCEPT
            SELECT g, count(*) FROM t GROUP BY ROLLUP (g)            | ROLLUP
            """)
    void autoFallsBackToFullWithAWarningThatNamesTheConstruct(String query, String construct) {
        run(auto(query));
        assertThat(alice.notices()).filteredOn(n -> n.severity().equals("WARNING"))
                .extracting(n -> n.message() + n.detail().orElse("") + n.hint().orElse(""))
                .anySatisfy(text -> assertThat(text).containsIgnoringCase(construct).contains("FULL"));
        assertThat(lines("SELECT refresh_mode FROM pgtrickle.pgt_stream_tables")).containsExactly("FULL");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            SELECT id, row_number() OVER (ORDER BY id) AS n FROM t   | window
            SELECT id FROM t ORDER BY id LIMIT 2                     | LIMIT
            SELECT id, random() AS r FROM t                          | random
            """)
    void differentialRefusesWithAHint(String query, String construct) {
        SqlError error = failure(create(query));
        assertThat(error.sqlState()).isEqualTo("0A000");
        assertThat(error.text() + error.detail()).containsIgnoringCase(construct);
        assertThat(error.hint()).contains("FULL").contains("AUTO");
        assertThat(lines("SELECT to_regclass('v')")).containsExactly("NULL");
    }

    @Test
    void whatIsSupportedIsDifferentialWithoutAWarning() {
        run(auto("SELECT g, sum(x) AS total FROM t WHERE x > 5 GROUP BY g HAVING count(*) > 1"));
        assertThat(alice.notices()).filteredOn(n -> n.severity().equals("WARNING")).isEmpty();
        assertThat(lines("SELECT refresh_mode FROM pgtrickle.pgt_stream_tables")).containsExactly("DIFFERENTIAL");
    }

    @Test
    void fullModeRecomputesSilently() {
        String query = "SELECT id, row_number() OVER (ORDER BY id) AS n FROM t";
        run("CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.mode = 'FULL', pgtrickle.schedule = '1h') AS " + query);
        assertThat(alice.notices()).filteredOn(n -> n.severity().equals("WARNING")).isEmpty();
        run("DELETE FROM t WHERE id = 1", "INSERT INTO t VALUES (4, 'c', 1)", "REFRESH MATERIALIZED VIEW v");
        Oracle.exact().check(alice, "v", query);
        assertThat(lines("SELECT effective_refresh_mode FROM pgtrickle.pgt_stream_tables")).containsExactly("FULL");
    }

    @Test
    void aFullStreamTableFeedsADifferentialOne() {
        run("CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.mode = 'FULL', pgtrickle.schedule = '1h') AS SELECT id, g, rank() OVER (ORDER BY x) AS r FROM t");
        var w = view("w", "SELECT g, sum(r) AS s FROM v GROUP BY g");
        run("INSERT INTO t VALUES (4, 'b', 5)", "REFRESH MATERIALIZED VIEW v");
        w.step().delta("-1 | a | 4", "+1 | a | 6", "-1 | b | 2", "+1 | b | 4").matchesRecompute();
    }

    @Test
    void theModeIsReadWithoutRegardToCaseAndRefreshModeIsItsAlias() {
        run("CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.mode = differential) AS SELECT id FROM t");
        run("CREATE MATERIALIZED VIEW w WITH (pgtrickle.stream = true, pgtrickle.refresh_mode = 'Full') AS SELECT id FROM t");
        assertThat(lines("SELECT refresh_mode FROM pgtrickle.pgt_stream_tables ORDER BY pgt_name")).containsExactly("DIFFERENTIAL", "FULL");
    }

    @Test
    void theCatalogDescribesTheStreamTable() {
        run(create("SELECT g, count(*) AS n FROM t GROUP BY g"));
        assertThat(lines("SELECT pgt_relid::regclass, pgt_name, pgt_schema, schedule, refresh_mode, status, is_populated, consecutive_errors "
                + "FROM pgtrickle.pgt_stream_tables")).containsExactly("v | v | " + schema + " | 1h | DIFFERENTIAL | ACTIVE | t | 0");
        assertThat(String.valueOf(query("SELECT defining_query FROM pgtrickle.pgt_stream_tables").single())).contains(schema + ".t").contains("GROUP BY");
        assertThat(lines("SELECT source_relid::regclass, source_type FROM pgtrickle.pgt_dependencies")).containsExactly("t | TABLE");
    }

    @Test
    void theCatalogTellsStreamTablesAndViewsAmongTheSources() {
        run("CREATE VIEW a_view AS SELECT id, x FROM t WHERE x > 0", create("v", "SELECT id FROM t"),
                create("w", "SELECT a_view.x FROM v JOIN a_view USING (id)"));
        assertThat(lines("SELECT d.source_relid::regclass, source_type FROM pgtrickle.pgt_dependencies d JOIN pgtrickle.pgt_stream_tables s USING (pgt_id) "
                + "WHERE s.pgt_name = 'w' ORDER BY 2"))
                .containsExactly("v | STREAM_TABLE", "t | TABLE", "a_view | VIEW");
    }

    @Test
    void theHistoryTellsEachRefresh() {
        run(create("SELECT id, x FROM t"), "INSERT INTO t VALUES (4, 'c', 1), (5, 'c', 1)", "UPDATE t SET x = 0 WHERE id = 1", "DELETE FROM t WHERE id = 2",
                "REFRESH MATERIALIZED VIEW v");
        assertThat(lines("SELECT action, status, initiated_by FROM pgtrickle.pgt_refresh_history ORDER BY refresh_id"))
                .endsWith("DIFFERENTIAL | COMPLETED | MANUAL");
        assertThat(lines("SELECT rows_inserted, rows_deleted, delta_row_count > 0 FROM pgtrickle.pgt_refresh_history WHERE initiated_by = 'MANUAL' ORDER BY refresh_id DESC LIMIT 1"))
                .containsExactly("2 | 1 | t");
    }

    @Test
    void aSourceThatNobodyHasAnalysedYetIsNotTakenForEmpty() {
        run("CREATE TABLE young (id integer PRIMARY KEY, x integer) WITH (autovacuum_enabled = off)", "INSERT INTO young SELECT i, i FROM generate_series(1, 20000) AS i");
        run(auto("SELECT x % 10 AS k, count(*) FROM young GROUP BY 1"));
        run("UPDATE young SET x = x + 1 WHERE id <= 500", "REFRESH MATERIALIZED VIEW v");
        assertThat(lines("SELECT effective_refresh_mode FROM pgtrickle.pgt_stream_tables")).containsExactly("DIFFERENTIAL");
    }

    @Test
    void aDatabaseThatNeverAsksIsLeftUntouched() {
        String database = Lab.newDatabase();
        String inventory = "SELECT nspname FROM pg_namespace UNION ALL SELECT relname FROM pg_class UNION ALL SELECT evtname FROM pg_event_trigger "
                + "UNION ALL SELECT proname FROM pg_proc WHERE oid >= 16384 ORDER BY 1";
        try (Client client = lab.door().connect(database, Lab.ALICE); Client direct = Lab.direct(database)) {
            List<String> before = direct.query(inventory).lines();
            client.run("CREATE SCHEMA plain");
            client.run("SET search_path = plain");
            client.run("CREATE TABLE t (id integer)");
            assertThat(client.query("CREATE MATERIALIZED VIEW m AS SELECT id FROM t").tag()).isEqualTo("SELECT 0");
            assertThat(client.query("REFRESH MATERIALIZED VIEW m").tag()).isEqualTo("REFRESH MATERIALIZED VIEW");
            assertThat(client.query("DROP MATERIALIZED VIEW m").tag()).isEqualTo("DROP MATERIALIZED VIEW");
            client.notices();
            client.run("DROP MATERIALIZED VIEW IF EXISTS m");
            assertThat(client.notices()).extracting(Notice::message).containsExactly("materialized view \"m\" does not exist, skipping");
            client.run("DROP SCHEMA plain CASCADE");
            assertThat(direct.query(inventory).lines()).isEqualTo(before);
        }
    }

    @Test
    void aSnapshotOlderThanTheCatalogIsToRepeatTheTransaction() {
        String database = Lab.newDatabase();
        try (Client client = lab.door().connect(database, Lab.ALICE)) {
            client.run("CREATE SCHEMA mine");
            client.run("SET search_path = mine");
            client.run("CREATE TABLE t (id integer)");
            for (String expected : new String[] {"40001", ""}) {
                client.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
                client.run("INSERT INTO t VALUES (1)");
                SqlError error = failure(client, create("SELECT id FROM t"));
                assertThat(error == null ? "" : error.sqlState()).isEqualTo(expected);
                client.run(error == null ? "COMMIT" : "ROLLBACK");
            }
            Oracle.exact().check(client, "v", "SELECT id FROM t");
        }
    }

    @Test
    void theCatalogIsInstalledWhenADatabaseFirstAsks() {
        String database = Lab.newDatabase();
        try (Client client = lab.door().connect(database, Lab.ALICE)) {
            client.run("CREATE SCHEMA mine");
            client.run("CREATE TABLE mine.t (id integer)");
            client.run("INSERT INTO mine.t VALUES (1)");
            client.run("CREATE MATERIALIZED VIEW mine.v WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS SELECT id FROM mine.t");
            assertThat(client.query("SELECT * FROM mine.v").lines()).containsExactly("1");
            assertThat(client.query("SELECT pgt_name FROM pgtrickle.pgt_stream_tables").lines()).containsExactly("v");
        }
    }

    /** The texts of what names objects change with their names, and names become other objects. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            SELECT id, r::text AS x FROM @ o                                 | ALTER TABLE named RENAME TO other
            SELECT id, (r::oid::regclass)::text AS x FROM @ o                | ALTER TABLE named RENAME TO other
            SELECT id, ARRAY[r]::text AS x FROM @ o                          | ALTER TABLE named RENAME TO other
            SELECT id, ROW(r, 1)::text AS x FROM @ o                         | ALTER TABLE named RENAME TO other
            SELECT id, (SELECT coalesce(r))::text AS x FROM @ o              | ALTER TABLE named RENAME TO other
            SELECT id, o::text AS x FROM @ o                               | ALTER TABLE named RENAME TO other
            SELECT id, format('%s', r) AS x FROM @ o                         | ALTER TABLE named RENAME TO other
            SELECT id, textanycat('!', r) AS x FROM @ o                      | ALTER TABLE named RENAME TO other
            SELECT id, to_jsonb(r) AS x FROM @ o                             | ALTER TABLE named RENAME TO other
            SELECT id % 2 AS g, json_agg(r) AS x FROM @ o GROUP BY id % 2      | ALTER TABLE named RENAME TO other
            SELECT id, xmlforest(r AS q)::text AS x FROM @ o                 | ALTER TABLE named RENAME TO other
            SELECT id, json_object('a': r)::text AS x FROM @ o               | ALTER TABLE named RENAME TO other
            SELECT id, to_regclass(s) IS NULL AS x FROM @ o                  | ALTER TABLE named RENAME TO other
            SELECT id, acl::text AS x FROM @ o                               | ALTER ROLE suite_renamed RENAME TO suite_renamed_2
            """)
    void whatIsPrintedByTheCatalogIsRecomputed(String query, String change) {
        Client superuser = superuser();
        superuser.run("DROP ROLE IF EXISTS suite_renamed, suite_renamed_2");
        superuser.run("CREATE ROLE suite_renamed");
        try {
            run("CREATE TABLE named ()", "CREATE TABLE o (id integer PRIMARY KEY, r regclass, s text, acl aclitem)",
                    "INSERT INTO o VALUES (1, 'named', current_schema || '.named', 'suite_renamed=r/suite_alice')");
            run("CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS " + query.replace("@", "o"));
            assertThat(failure(create("d", query.replace("@", "o"))).sqlState()).isEqualTo("0A000");
            superuser.run("SET search_path = " + schema);
            superuser.run(change);
            run("REFRESH MATERIALIZED VIEW v", "SET search_path = ''");
            new StreamTable(alice, schema + ".v", query.replace("@", schema + ".o"), Oracle.exact()).matchesRecompute();
        } finally {
            superuser.run("DROP TABLE IF EXISTS " + schema + ".o CASCADE");
            superuser.run("DROP ROLE IF EXISTS suite_renamed, suite_renamed_2");
        }
    }

    @Test
    void textsThatOnlySettingsDecideAreIncremental() {
        run("CREATE TABLE o (id integer PRIMARY KEY, r regclass, at timestamptz, d date, i interval, m money, rs tstzrange, ds date[], s text)");
        view("SELECT id, r, at::text AS at, d::text AS d, i::text AS i, m::text AS m, rs::text AS rs, ds::text AS ds, s::date AS sd, (s || ' 10:00')::timestamptz AS st, "
                + "to_tsvector('english'::regconfig, s) AS ts, r = 'o'::regclass AS own, format('%s %s', at, id) AS f, at::date AS ad FROM o")
                .step("INSERT INTO o VALUES (1, 'o', '2024-02-01', '2024-02-01', '1 day', 5, '[2024-01-01,2024-02-02)', '{2024-01-01}', '2024-02-03')").matchesRecompute();
    }
}
