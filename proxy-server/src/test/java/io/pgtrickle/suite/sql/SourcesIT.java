// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.EngineOnly;
import io.pgtrickle.suite.SqlSuite;
import io.pgtrickle.suite.oracle.Oracle;
import io.pgtrickle.suite.step.StreamTable;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What sources can be and how they can change: keyless tables, keys that change, partitions, views, TRUNCATE, COPY, MERGE. */
@EngineOnly
class SourcesIT extends SqlSuite {

    SourcesIT(Door door) {
        super(door);
    }

    @Test
    void oneOfManyIdenticalRowsIsDeleted() {
        run("CREATE TABLE t (a integer, b text)", "INSERT INTO t SELECT 1, 'x' FROM generate_series(1, 5)", "INSERT INTO t VALUES (NULL, NULL), (NULL, NULL)");
        view("SELECT a, b FROM t").step("DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t WHERE a = 1)").delta("-1 | 1 | x").matchesRecompute()
                .step("DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t WHERE a IS NULL)").delta("-1 | NULL | NULL").matchesRecompute();
    }

    @Test
    void oneOfTwoIdenticalRowsIsUpdated() {
        run("CREATE TABLE t (a integer, b text)", "INSERT INTO t VALUES (1, 'x'), (1, 'x')");
        view("SELECT a, b FROM t").step("UPDATE t SET b = 'y' WHERE ctid = (SELECT min(ctid) FROM t)").delta("-1 | 1 | x", "+1 | 1 | y").matchesRecompute()
                .step("UPDATE t SET b = 'y'").delta("-1 | 1 | x", "+1 | 1 | y").matchesRecompute();
    }

    @Test
    void duplicatesAreInserted() {
        run("CREATE TABLE t (a integer)");
        view("SELECT a, a + 1 AS b FROM t").step("INSERT INTO t VALUES (1), (1), (1), (2)").delta("+3 | 1 | 2", "+1 | 2 | 3").matchesRecompute()
                .step("INSERT INTO t SELECT * FROM t", "DELETE FROM t WHERE a = 2").delta("+3 | 1 | 2", "-1 | 2 | 3").matchesRecompute();
    }

    @Test
    void aProjectionThatLosesTheKeyKeepsMultiplicity() {
        run("CREATE TABLE t (id integer PRIMARY KEY, a text)", "INSERT INTO t VALUES (1, 'x'), (2, 'x'), (3, 'y')");
        view("SELECT a FROM t").step("DELETE FROM t WHERE id = 1", "UPDATE t SET a = 'x' WHERE id = 3").delta("-1 | y").matchesRecompute();
    }

    /** There is nothing to capture of its rows, so the query is recomputed; also when columns come later. */
    @Test
    void aTableWithoutColumns() {
        run("CREATE TABLE t ()", "INSERT INTO t DEFAULT VALUES");
        String query = "SELECT count(*) AS n FROM t";
        run("CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS " + query);
        assertThat(lines("SELECT effective_refresh_mode FROM pgtrickle.pgt_stream_tables WHERE pgt_name = 'v' AND pgt_schema = current_schema"))
                .containsExactly("FULL");
        new StreamTable(alice, "v", query, Oracle.exact()).matchesRecompute()
                .anew("INSERT INTO t DEFAULT VALUES", "INSERT INTO t DEFAULT VALUES").delta("-1 | 1", "+1 | 3").matchesRecompute()
                .anew("ALTER TABLE t ADD COLUMN a integer", "INSERT INTO t VALUES (1), (2)", "DELETE FROM t WHERE a = 1").delta("-1 | 3", "+1 | 4").matchesRecompute();
        assertThat(failure(create("w", "SELECT count(*) FROM (SELECT FROM t) s")).text()).contains("a select list without columns");
        run("ALTER TABLE t DROP COLUMN a");
        assertThat(failure(create("w", query)).text()).contains("table " + schema + ".t without columns");
    }

    @Test
    void truncateAndInsertInOneWindow() {
        run("CREATE TABLE t (a integer)", "INSERT INTO t VALUES (1), (1), (2)");
        view("SELECT a, count(*) AS n FROM t GROUP BY a").step("TRUNCATE t; INSERT INTO t VALUES (2), (3)").delta("-1 | 1 | 2", "+1 | 3 | 1").matchesRecompute()
                .step("INSERT INTO t VALUES (3)").delta("-1 | 3 | 1", "+1 | 3 | 2").matchesRecompute();
    }

    @Test
    void truncateOfOneOfTwoSources() {
        run("CREATE TABLE t (a integer)", "CREATE TABLE u (a integer)", "INSERT INTO t VALUES (1), (2)", "INSERT INTO u VALUES (1), (2)");
        view("SELECT t.a FROM t JOIN u USING (a)").step("TRUNCATE u", "INSERT INTO u VALUES (2)", "INSERT INTO t VALUES (3)").delta("-1 | 1").matchesRecompute()
                .step("INSERT INTO u VALUES (3)").delta("+1 | 3").matchesRecompute();
    }

    @Test
    void aTruncateThatIsRolledBackIsNothing() {
        run("CREATE TABLE t (a integer)", "INSERT INTO t VALUES (1), (2)");
        view("SELECT a FROM t").step("BEGIN", "SAVEPOINT s", "TRUNCATE t", "ROLLBACK TO SAVEPOINT s", "INSERT INTO t VALUES (3)", "COMMIT").delta("+1 | 3").matchesRecompute();
    }

    @Test
    void aPrimaryKeyIsChanged() {
        run("CREATE TABLE t (id integer PRIMARY KEY, a text)", "INSERT INTO t VALUES (1, 'x'), (2, 'y')");
        view("SELECT id, a FROM t").step("UPDATE t SET id = id + 10").delta("-1 | 1 | x", "-1 | 2 | y", "+1 | 11 | x", "+1 | 12 | y").matchesRecompute();
    }

    @Test
    void twoPrimaryKeysChangePlacesInOneStatement() {
        run("CREATE TABLE t (id integer PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, a text)", "INSERT INTO t VALUES (1, 'x'), (2, 'y')");
        view("SELECT id, a FROM t").step("UPDATE t SET id = 3 - id").delta("-1 | 1 | x", "-1 | 2 | y", "+1 | 2 | x", "+1 | 1 | y").matchesRecompute();
    }

    @Test
    void twoPrimaryKeysChangePlacesInOneWindow() {
        run("CREATE TABLE t (id integer PRIMARY KEY, a text)", "INSERT INTO t VALUES (1, 'x'), (2, 'y')");
        view("SELECT id, a FROM t").step("UPDATE t SET id = 0 WHERE id = 1", "UPDATE t SET id = 1 WHERE id = 2", "UPDATE t SET id = 2 WHERE id = 0")
                .delta("-1 | 1 | x", "-1 | 2 | y", "+1 | 2 | x", "+1 | 1 | y").matchesRecompute();
    }

    @Test
    void aDeferredKeyIsBrokenInsideATransaction() {
        run("CREATE TABLE t (id integer PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, a text)", "INSERT INTO t VALUES (1, 'x')");
        var v = view("SELECT id, a FROM t");
        run("BEGIN", "INSERT INTO t VALUES (1, 'twice')", "REFRESH MATERIALIZED VIEW v");
        v.matchesRecompute();
        run("DELETE FROM t WHERE a = 'x'", "COMMIT");
        v.step().delta("-1 | 1 | x").matchesRecompute();
    }

    @Test
    void onConflictUpdatesAndMerges() {
        run("CREATE TABLE t (id integer PRIMARY KEY, a integer)", "INSERT INTO t VALUES (1, 10), (2, 20), (3, 30)");
        var v = view("SELECT id, a FROM t");
        v.step("INSERT INTO t VALUES (1, 1), (4, 4) ON CONFLICT (id) DO UPDATE SET a = t.a + excluded.a").delta("-1 | 1 | 10", "+1 | 1 | 11", "+1 | 4 | 4").matchesRecompute();
        v.step("INSERT INTO t VALUES (1, 1), (5, 5) ON CONFLICT DO NOTHING").delta("+1 | 5 | 5").matchesRecompute();
        v.step("MERGE INTO t USING (VALUES (1, 100), (2, NULL), (6, 60)) AS s (id, a) ON t.id = s.id WHEN MATCHED AND s.a IS NULL THEN DELETE "
                + "WHEN MATCHED THEN UPDATE SET a = s.a WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.a) WHEN NOT MATCHED BY SOURCE AND t.id = 3 THEN DELETE")
                .delta("-1 | 1 | 11", "+1 | 1 | 100", "-1 | 2 | 20", "-1 | 3 | 30", "+1 | 6 | 60").matchesRecompute();
    }

    /** PostgreSQL's transition table of the UPDATE would contain the row inserted last, had the partitions no BEFORE INSERT trigger. */
    @Test
    void mergeUpdatesAPartitionedTableAfterItInserted() {
        run("CREATE TABLE t (k integer PRIMARY KEY, a text) PARTITION BY LIST (k)", "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1)", "CREATE TABLE t2 PARTITION OF t DEFAULT PARTITION BY RANGE (k)",
                "CREATE TABLE t21 PARTITION OF t2 FOR VALUES FROM (2) TO (100)", "INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, 'z')");
        String upsert = " ON t.k = s.k WHEN MATCHED THEN UPDATE SET a = s.a WHEN NOT MATCHED THEN INSERT VALUES (s.k, s.a)";
        var v = view("SELECT k, a FROM t");
        v.step("MERGE INTO t USING (VALUES (4, 'four'), (2, 'two'), (1, 'one')) AS s (k, a)" + upsert)
                .delta("+1 | 4 | four", "-1 | 2 | y", "+1 | 2 | two", "-1 | 1 | x", "+1 | 1 | one").matchesRecompute();
        v.step("MERGE INTO t2 AS t USING (VALUES (5, 'five'), (3, 'three')) AS s (k, a)" + upsert)
                .delta("+1 | 5 | five", "-1 | 3 | z", "+1 | 3 | three").matchesRecompute();
        run("CREATE TABLE t3 (k integer PRIMARY KEY, a text)");
        v.anew("ALTER TABLE t ATTACH PARTITION t3 FOR VALUES IN (200)", "ALTER TABLE t DISABLE TRIGGER USER", "ALTER TABLE t ENABLE TRIGGER USER").noDelta().matchesRecompute();
        v.anew("CREATE TABLE t4 PARTITION OF t FOR VALUES IN (201)").noDelta().matchesRecompute();
        v.step("MERGE INTO t USING (VALUES (200, 'new'), (2, 'again')) AS s (k, a)" + upsert)
                .delta("+1 | 200 | new", "-1 | 2 | two", "+1 | 2 | again").matchesRecompute();
        run("DROP MATERIALIZED VIEW v");
        awaitNoCapture(lab);
    }

    @Test
    void copyIsCaptured() {
        run("CREATE TABLE t (id integer, a text)");
        var v = view("SELECT id, a FROM t");
        assertThat(alice.copyIn("COPY t FROM STDIN", "1\tx\n2\t\\N\n2\t\\N\n")).isEqualTo(3);
        v.step().delta("+1 | 1 | x", "+2 | 2 | NULL").matchesRecompute();
    }

    @Test
    void foreignKeyCascadesAreCaptured() {
        run("CREATE TABLE p (id integer PRIMARY KEY)", "CREATE TABLE c (id integer, p_id integer REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE)",
                "INSERT INTO p VALUES (1), (2)", "INSERT INTO c VALUES (10, 1), (11, 1), (20, 2)");
        view("SELECT c.id, p.id AS p FROM c JOIN p ON p.id = c.p_id").step("DELETE FROM p WHERE id = 1", "UPDATE p SET id = 3 WHERE id = 2")
                .delta("-1 | 10 | 1", "-1 | 11 | 1", "-1 | 20 | 2", "+1 | 20 | 3").matchesRecompute();
    }

    @Test
    void oneStatementChangesTwoSources() {
        run("CREATE TABLE a (x integer)", "CREATE TABLE b (x integer)", "INSERT INTO a VALUES (1), (2)", "INSERT INTO b VALUES (2)");
        view("SELECT a.x FROM a JOIN b ON a.x = b.x").step("WITH gone AS (DELETE FROM a WHERE x = 2 RETURNING x) INSERT INTO b SELECT 1 FROM gone").delta("-1 | 2", "+1 | 1").matchesRecompute();
    }

    @Test
    void aRowMovesBetweenPartitionsAndLeavesAreChangedDirectly() {
        run("CREATE TABLE t (k integer, a text) PARTITION BY LIST (k)", "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1)", "CREATE TABLE t2 PARTITION OF t DEFAULT PARTITION BY RANGE (k)",
                "CREATE TABLE t21 PARTITION OF t2 FOR VALUES FROM (2) TO (100)", "INSERT INTO t VALUES (1, 'x'), (2, 'y')");
        var v = view("SELECT k, a FROM t");
        v.step("UPDATE t SET k = 3 WHERE k = 1").delta("-1 | 1 | x", "+1 | 3 | x").matchesRecompute();
        v.step("INSERT INTO t1 VALUES (1, 'direct')", "DELETE FROM t21 WHERE k = 2", "UPDATE t2 SET a = 'z' WHERE k = 3").delta("+1 | 1 | direct", "-1 | 2 | y", "-1 | 3 | x", "+1 | 3 | z").matchesRecompute();
        run("TRUNCATE t21", "REFRESH MATERIALIZED VIEW v");
        v.matchesRecompute();
    }

    @Test
    void anInheritanceParentIncludesItsChildren() {
        run("CREATE TABLE p (a integer)", "CREATE TABLE c (b integer) INHERITS (p)", "INSERT INTO p VALUES (1)", "INSERT INTO c VALUES (2, 2)");
        var v = view("SELECT a FROM p");
        v.step("INSERT INTO c VALUES (3, 3)", "UPDATE p SET a = a + 10").delta("-1 | 1", "-1 | 2", "+1 | 11", "+1 | 12", "+1 | 13").matchesRecompute();
    }

    @Test
    void viewsAndSubqueriesAreSeenThrough() {
        run("CREATE TABLE t (id integer PRIMARY KEY, g text, x integer)", "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'a', 3)",
                "CREATE VIEW big AS SELECT id, g, x * 10 AS x10 FROM t WHERE x > 1", "CREATE VIEW per_group (grp, n) AS SELECT g, count(*) FROM big GROUP BY g");
        view("SELECT p.grp, p.n, s.x10 FROM per_group p JOIN (SELECT g, max(x10) AS x10 FROM big GROUP BY g) AS s ON s.g = p.grp")
                .step("UPDATE t SET x = 5 WHERE id = 1", "INSERT INTO t VALUES (4, 'c', 9)").delta("-1 | a | 1 | 30", "+1 | a | 2 | 50", "+1 | c | 1 | 90").matchesRecompute();
    }

    @Test
    void likeCaseCastsAndScalarExpressions() {
        run("CREATE TABLE t (id integer PRIMARY KEY, a text, d timestamp, x numeric(6,2))", "INSERT INTO t VALUES (1, 'promo brass', '2024-02-29 10:00', 10), (2, NULL, NULL, NULL), (3, 'BRASS%x', '1999-12-31', -1.5)");
        view("SELECT id, CASE WHEN a LIKE '%brass' THEN 'b' WHEN a ILIKE 'brass\\%_' THEN 'B' ELSE 'none' END AS kind, x::integer AS i, coalesce(a, '-') || '/' || id AS s, "
                + "extract(year FROM d) AS y, d + interval '1 month' AS later, x BETWEEN 0 AND 20 AS ok, substring(a FROM 2 FOR 3) AS sub, (id, x) = (1, 10) AS pair, nullif(x, 10) AS nx "
                + "FROM t WHERE a NOT LIKE 'z%' OR a IS NULL")
                .step("UPDATE t SET a = 'brass%?' WHERE id = 2", "UPDATE t SET d = '2024-12-31 23:00', x = 99.995 WHERE id = 1", "INSERT INTO t VALUES (4, 'zzz', now()::timestamp, 1), (5, 'a brass', NULL, 2)").matchesRecompute()
                .step("UPDATE t SET a = 'z' WHERE id = 5", "DELETE FROM t WHERE id = 3").matchesRecompute();
    }

    @Test
    void anUpdateOfAColumnThatIsNotUsedIsNoChange() {
        run("CREATE TABLE t (id integer PRIMARY KEY, used integer, other text)", "INSERT INTO t VALUES (1, 1, 'a'), (2, 2, 'b')");
        view("SELECT id, used FROM t").step("UPDATE t SET other = 'changed'").noDelta().matchesRecompute();
        assertThat(lines("SELECT action FROM pgtrickle.pgt_refresh_history WHERE initiated_by = 'MANUAL' AND action <> 'NO_DATA'")).isEmpty();
    }

    @Test
    void aLaterStreamTableThatNeedsMoreColumnsIsServedToo() {
        run("CREATE TABLE t (id integer PRIMARY KEY, a integer, b integer, c integer)", "INSERT INTO t VALUES (1, 1, 1, 1)");
        var v = view("v", "SELECT id, a FROM t");
        run("INSERT INTO t VALUES (2, 2, 2, 2)");
        var w = view("w", "SELECT b, sum(c) AS s FROM t GROUP BY b");
        run("INSERT INTO t VALUES (3, 3, 2, 3)", "UPDATE t SET b = 9, c = 5 WHERE id = 1");
        w.step().delta("-1 | 1 | 1", "+1 | 9 | 5", "-1 | 2 | 2", "+1 | 2 | 5").matchesRecompute();
        v.step().delta("+1 | 2 | 2", "+1 | 3 | 3").matchesRecompute();
        run("DROP MATERIALIZED VIEW v");
        w.step("DELETE FROM t WHERE id = 3").delta("-1 | 2 | 5", "+1 | 2 | 2").matchesRecompute();
    }

    @Test
    void generatedAndIdentityColumnsAreColumns() {
        run("CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a integer, twice integer GENERATED ALWAYS AS (a * 2) STORED, thrice integer GENERATED ALWAYS AS (a * 3) VIRTUAL)", "INSERT INTO t (a) VALUES (1), (2)");
        view("SELECT id, twice FROM t").step("UPDATE t SET a = 5 WHERE id = 1", "INSERT INTO t (a) VALUES (7)").delta("-1 | 1 | 2", "+1 | 1 | 10", "+1 | 3 | 14").matchesRecompute();
        run("CREATE MATERIALIZED VIEW w WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS SELECT id, thrice FROM t");
        run("UPDATE t SET a = 6 WHERE id = 1", "REFRESH MATERIALIZED VIEW w");
        io.pgtrickle.suite.oracle.Oracle.exact().check(alice, "w", "SELECT id, thrice FROM t");
    }

    @Test
    void awkwardColumnNames() {
        String name63 = "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabc";
        run("CREATE TABLE t (action integer, lsn integer, new_x integer, \"__pgt\" integer, \"w\" integer, xid8 integer, \"Mixed Case\" integer, " + name63 + " integer, \"a\"\"b\" integer, ctid_ integer)",
                "INSERT INTO t VALUES (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)");
        view("SELECT * FROM t").step("UPDATE t SET action = 0, \"Mixed Case\" = NULL", "INSERT INTO t VALUES (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)").matchesRecompute();
        view("w", "SELECT w, \"a\"\"b\", count(*) AS action, sum(" + name63 + ") AS \"select\" FROM t GROUP BY w, \"a\"\"b\"").step("UPDATE t SET w = 6", "DELETE FROM t WHERE action = 0").matchesRecompute();
    }

    @Test
    void tablesInSeveralSchemasWithTheSameName() {
        run("CREATE SCHEMA " + schema + "_b", "CREATE TABLE t (a integer)", "CREATE TABLE " + schema + "_b.t (a integer)", "INSERT INTO t VALUES (1)", "INSERT INTO " + schema + "_b.t VALUES (1)");
        view("SELECT t.a, o.a AS b FROM t JOIN " + schema + "_b.t o ON t.a = o.a").step("INSERT INTO t VALUES (2)", "INSERT INTO " + schema + "_b.t VALUES (2)").delta("+1 | 2 | 2").matchesRecompute();
        run("DROP MATERIALIZED VIEW v", "DROP SCHEMA " + schema + "_b CASCADE");
    }

    @Test
    void aVirtualColumnThatIsUsedIsNamedInTheReason() {
        run("CREATE TABLE t (id integer PRIMARY KEY, a integer, thrice integer GENERATED ALWAYS AS (a * 3) VIRTUAL)");
        assertThat(failure(create("SELECT id, thrice FROM t")).text())
                .isEqualTo("unsupported operator for DIFFERENTIAL mode: virtual generated column thrice of " + schema + ".t, which triggers cannot read");
        run("CREATE VIEW inner_view AS SELECT id, thrice FROM t");
        assertThat(failure(create("SELECT id, thrice FROM inner_view")).sqlState()).isEqualTo("0A000");
        assertThat(failure(create("SELECT t FROM t")).sqlState()).isEqualTo("0A000");
    }

    @Test
    void writersGoOnAfterAColumnIsDroppedWithTheQuery() {
        run("CREATE TABLE t (id integer PRIMARY KEY, a integer, b integer)", "INSERT INTO t VALUES (1, 1, 1)");
        var w = view("w", "SELECT id FROM t");
        run(create("v", "SELECT id, a, b FROM t"));
        w.anew("ALTER TABLE t DROP COLUMN b CASCADE", "INSERT INTO t VALUES (2, 2)", "UPDATE t SET a = 7", "DELETE FROM t WHERE id = 1").delta("-1 | 1", "+1 | 2").matchesRecompute();
        w.step("INSERT INTO t VALUES (3, 3)").delta("+1 | 3").matchesRecompute();
    }

    @Test
    void aColumnBeforeThoseUsedIsDropped() {
        run("CREATE TABLE t (x integer, id integer, a integer)", "INSERT INTO t VALUES (0, 1, 10)");
        var v = view("SELECT id, a FROM t");
        v.anew("ALTER TABLE t DROP COLUMN x", "INSERT INTO t VALUES (2, 20)").delta("+1 | 2 | 20").matchesRecompute();
        v.step("INSERT INTO t VALUES (3, 30)", "UPDATE t SET a = 11 WHERE id = 1").delta("+1 | 3 | 30", "-1 | 1 | 10", "+1 | 1 | 11").matchesRecompute();
    }

    @Test
    void writersGoOnAfterAColumnNoQueryReadsAnyMoreGetsAnotherType() {
        run("CREATE TABLE t (id integer PRIMARY KEY, a numeric(4,2))", create("v", "SELECT id, a FROM t"));
        var w = view("w", "SELECT id FROM t");
        w.anew("DROP MATERIALIZED VIEW v", "ALTER TABLE t ALTER COLUMN a TYPE text", "INSERT INTO t VALUES (1, 'text')", "UPDATE t SET a = 'other'").delta("+1 | 1").matchesRecompute();
    }

    @Test
    void aDetachedPartitionIsNoPartOfTheTable() {
        run("CREATE TABLE t (k integer, a integer) PARTITION BY LIST (k)", "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1)", "CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2)",
                "INSERT INTO t VALUES (1, 1), (2, 2)");
        var v = view("SELECT k, a FROM t");
        v.anew("ALTER TABLE t DETACH PARTITION t2").delta("-1 | 2 | 2").matchesRecompute();
        v.step("INSERT INTO t2 VALUES (2, 3)").noDelta().matchesRecompute();
        v.anew("ALTER TABLE t ATTACH PARTITION t2 FOR VALUES IN (2)").delta("+1 | 2 | 2", "+1 | 2 | 3").matchesRecompute();
        v.step("INSERT INTO t2 VALUES (2, 4)").delta("+1 | 2 | 4").matchesRecompute();
    }

    /** Its function counts, not its name: otherwise what takes its place would capture everything a second time. */
    @ParameterizedTest
    @ValueSource(strings = {"zz", "pg_trickle_cdc_zz_1"})
    void aCaptureTriggerThatItsTablesOwnerRenames(String name) {
        run("CREATE TABLE t (a integer)", "INSERT INTO t VALUES (1)");
        var v = view("SELECT a, count(*) AS n FROM t GROUP BY a");
        String trigger = query("SELECT tgname FROM pg_trigger WHERE tgrelid = 't'::regclass AND tgname LIKE '%ins%'").single();
        run("ALTER TRIGGER \"" + trigger + "\" ON t RENAME TO " + name, "INSERT INTO t VALUES (1)", "REFRESH MATERIALIZED VIEW v");
        v.matchesRecompute();
        v.step("INSERT INTO t VALUES (1)").delta("-1 | 1 | 2", "+1 | 1 | 3").matchesRecompute();
        run("ALTER TABLE t DISABLE TRIGGER \"" + trigger + "\"", "ALTER TRIGGER \"" + trigger + "\" ON t RENAME TO " + name, "INSERT INTO t VALUES (2)",
                "REFRESH MATERIALIZED VIEW v", "INSERT INTO t VALUES (2)", "REFRESH MATERIALIZED VIEW v");
        v.matchesRecompute();
        assertThat(lines("SELECT count(*) FROM pg_trigger WHERE tgrelid = 't'::regclass AND tgname = '" + name + "'")).containsExactly("0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"OR", "AND"})
    void thousandsOfConditions(String operator) {
        run("CREATE TABLE t (a integer PRIMARY KEY)", "INSERT INTO t VALUES (1), (2), (-1)");
        String condition = IntStream.range(3, 5000).mapToObj(i -> "a <> " + i).collect(Collectors.joining(" " + operator + " "));
        view("SELECT a FROM t WHERE " + condition).step("INSERT INTO t VALUES (10000)", "DELETE FROM t WHERE a = 1").delta("-1 | 1", "+1 | 10000").matchesRecompute();
    }

    @Test
    void whatIsWrittenWhileTriggersAreDisabledArrivesToo() {
        run("CREATE TABLE t (id integer, a integer)", "INSERT INTO t VALUES (1, 1)");
        var v = view("SELECT a, count(*) AS n FROM t GROUP BY a");
        v.anew("ALTER TABLE t DISABLE TRIGGER USER", "INSERT INTO t VALUES (2, 2)", "ALTER TABLE t ENABLE TRIGGER USER").delta("+1 | 2 | 1").matchesRecompute();
        v.step("INSERT INTO t VALUES (3, 2)").delta("-1 | 2 | 1", "+1 | 2 | 2").matchesRecompute();
    }

    @Test
    void anotherStreamTableOnASourceDoesNotMakeTheOthersAnew() {
        run("CREATE TABLE t (id integer PRIMARY KEY, a integer)", "INSERT INTO t VALUES (1, 1)", create("v", "SELECT id FROM t"), create("w", "SELECT a FROM t"));
        run("INSERT INTO t VALUES (2, 2)", "REFRESH MATERIALIZED VIEW v", "REFRESH MATERIALIZED VIEW w");
        assertThat(lines("SELECT DISTINCT action FROM pgtrickle.pgt_refresh_history WHERE initiated_by = 'MANUAL'")).containsExactly("DIFFERENTIAL");
    }

    @Test
    void namesOfOurOwnAreRefused() {
        run("CREATE TABLE t (\"__pgt_w\" integer, g integer)");
        for (String query : new String[] {"SELECT g, sum(__pgt_w) AS s FROM t GROUP BY g", "SELECT g AS __pgt_h FROM t", "SELECT __pgt_t.g FROM t AS __pgt_t"}) {
            var error = failure(create("v", query));
            assertThat(error.sqlState()).isEqualTo("42939");
            assertThat(error.text()).endsWith("is reserved");
        }
    }

    @Test
    void namesLikeSystemColumnsArePossible() {
        run("CREATE TABLE t (g integer)", "INSERT INTO t VALUES (1), (1), (2)");
        view("SELECT DISTINCT g AS ctid_, g + 1 AS xmin_ FROM t").step("INSERT INTO t VALUES (3)", "DELETE FROM t WHERE g = 2").delta("+1 | 3 | 4", "-1 | 2 | 3").matchesRecompute();
    }

    @Test
    void columnsMayBeCalledAnything() {
        run("CREATE TABLE odd (a integer PRIMARY KEY, o integer, xid bigint, c1 integer, w integer, present bool, n integer, t integer, v integer)");
        view("SELECT a, o FROM odd")
                .step("INSERT INTO odd VALUES (1, 1, 7, 1, 1, true, 1, 1, 1)", "INSERT INTO odd (a) VALUES (2)", "UPDATE odd SET o = 5")
                .matchesRecompute();
        run("ALTER TABLE odd ADD COLUMN c2 integer, ADD COLUMN b integer");
        run("INSERT INTO odd (a, c2) VALUES (3, 3)", "UPDATE odd SET o = 6, c2 = 9", "DELETE FROM odd WHERE a = 1", "REFRESH MATERIALIZED VIEW v");
        assertThat(lines("SELECT * FROM v ORDER BY 1")).containsExactly("2 | 6", "3 | 6");
    }

    @Test
    void namesThatLookLikeTheEndOfATextDoNotEndIt() {
        for (String awkward : List.of("v$pgt$", "v$$", "v$body$;--", "v*/", "v'\\", "v\"", "v\n; nonsense", "v\r\n*/")) {
            String column = "\"" + awkward.replace("\"", "\"\"") + "\"";
            String table = column.replace("\"v", "\"t");
            String name = column.replace("\"v", "\"s");
            String mode = awkward.contains("\n") ? "AUTO" : "DIFFERENTIAL"; // the parser refuses the others
            run("CREATE TABLE " + table + " (id integer PRIMARY KEY, " + column + " integer)", "INSERT INTO " + table + " VALUES (1, 1)",
                    create(name, "SELECT id, " + column + " FROM " + table).replace("DIFFERENTIAL", mode),
                    create("g", "SELECT " + column + ", count(*) AS n FROM " + table + " GROUP BY " + column).replace("DIFFERENTIAL", mode));
            for (String change : List.of("INSERT INTO " + table + " VALUES (2, 1)", "UPDATE " + table + " SET " + column + " = 5 WHERE id = 1",
                    "ALTER TABLE " + table + " ADD COLUMN more integer", "DELETE FROM " + table + " WHERE id = 2")) {
                run(change, "REFRESH MATERIALIZED VIEW " + name, "REFRESH MATERIALIZED VIEW g");
            }
            assertThat(lines("SELECT * FROM " + name)).containsExactly("1 | 5");
            assertThat(lines("SELECT * FROM g")).containsExactly("5 | 1");
            run("DROP MATERIALIZED VIEW g", "DROP MATERIALIZED VIEW " + name);
        }
    }

    @Test
    void linesInsideALiteralStayAsTheyAre() {
        run("CREATE TABLE t (id integer PRIMARY KEY, a text)", "INSERT INTO t VALUES (1, 'x\ny')");
        view("SELECT id, a || E'\n  two\r\nthree' AS b FROM t WHERE a = 'x\ny'").step("INSERT INTO t VALUES (2, 'x\ny'), (3, 'x\n  y')").matchesRecompute();
        view("w", "SELECT a || 'one\ntwo' AS b, count(*) AS n FROM t GROUP BY a || 'one\ntwo'").step("DELETE FROM t WHERE id = 2").matchesRecompute();
    }

    @Test
    void aKeyThatIsDropped() {
        run("CREATE TABLE k (id integer PRIMARY KEY, a integer)", "INSERT INTO k VALUES (1, 1)");
        view("SELECT id, a FROM k").step("UPDATE k SET a = 2").matchesRecompute();
        run("ALTER TABLE k DROP CONSTRAINT k_pkey", "INSERT INTO k VALUES (1, 2), (1, 3)", "REFRESH MATERIALIZED VIEW v");
        assertThat(lines("SELECT * FROM v ORDER BY 1, 2")).containsExactly("1 | 2", "1 | 2", "1 | 3");
    }

    /** While it is away it keeps no rows apart, and the triggers take old and new rows together by it. */
    @ParameterizedTest
    @ValueSource(strings = {
        "ALTER TABLE k DROP CONSTRAINT k_pkey; INSERT INTO k VALUES (1, 10); UPDATE k SET a = a + 1; DELETE FROM k WHERE a = 11; ALTER TABLE k ADD PRIMARY KEY (id)",
        "ALTER TABLE k DROP CONSTRAINT k_pkey; ALTER TABLE k ALTER id DROP NOT NULL; INSERT INTO k VALUES (NULL, 10), (NULL, 20); UPDATE k SET a = a + 1; "
                + "UPDATE k SET id = a WHERE id IS NULL; ALTER TABLE k ADD CONSTRAINT k_pkey PRIMARY KEY (id)",
    })
    void aKeyIsAwayForAWhile(String script) {
        for (String wrap : new String[] {"", "BEGIN; "}) {
            run("CREATE TABLE k (id integer PRIMARY KEY, a integer)", "INSERT INTO k VALUES (1, 1), (2, 2)");
            var v = view("SELECT count(*) AS n, sum(a) AS s FROM k");
            v.anew((wrap + script + (wrap.isEmpty() ? "" : "; COMMIT")).split("; ")).matchesRecompute();
            v.step("UPDATE k SET a = 0").matchesRecompute();
            run("DROP MATERIALIZED VIEW v", "DROP TABLE k");
        }
    }

    @Test
    void whatIsDoneToKeepATableFitChangesNothing() {
        run("CREATE TABLE t (id integer PRIMARY KEY, a integer, UNIQUE (a))", "INSERT INTO t VALUES (1, 1), (2, 2)");
        view("SELECT id, a FROM t").step("REINDEX TABLE CONCURRENTLY t", "VACUUM FULL t", "ANALYZE t", "CLUSTER t USING t_pkey", "CREATE INDEX ON t (a)", "ALTER TABLE t ADD COLUMN later integer DEFAULT 5",
                "UPDATE t SET a = 5 WHERE id = 1", "INSERT INTO t VALUES (3, 3)", "ALTER TABLE t DROP COLUMN later").delta("-1 | 1 | 1", "+1 | 1 | 5", "+1 | 3 | 3").matchesRecompute();
    }

    @Test
    void alteredTypes() {
        run("CREATE TYPE en AS ENUM ('a', 'b')", "CREATE TYPE pair AS (x integer, y integer)", "CREATE TABLE et (id integer PRIMARY KEY, e en, p pair)",
                "INSERT INTO et VALUES (1, 'a', (1, 2)), (2, 'b', (1, 2))", create("d", "SELECT id, e FROM et WHERE e = 'a'"),
                create("f", "SELECT id, (p).y AS y FROM et"), create("g", "SELECT p::text AS p, count(*) AS n FROM et GROUP BY p::text"),
                "ALTER TYPE en RENAME VALUE 'a' TO 'zz'", "ALTER TYPE pair RENAME ATTRIBUTE y TO yy CASCADE", "ALTER TYPE pair ADD ATTRIBUTE z integer CASCADE",
                "INSERT INTO et VALUES (3, 'zz', (1, 2, 3))");
        for (String name : new String[] {"d", "f", "g"}) {
            run("REFRESH MATERIALIZED VIEW " + name);
        }
        assertThat(lines("SELECT * FROM d ORDER BY 1")).containsExactly("1 | zz", "3 | zz");
        assertThat(lines("SELECT * FROM f ORDER BY 1")).containsExactly("1 | 2", "2 | 2", "3 | 2");
        assertThat(lines("SELECT * FROM g ORDER BY 1")).containsExactly("(1,2,) | 2", "(1,2,3) | 1");
    }

    private void follows(String query, String change) {
        view(query).step("INSERT INTO t VALUES (3, 'w zebras', 3)").matchesRecompute();
        run(change);
        view("w", query); // whose content no older definition has gone into
        run("REFRESH MATERIALIZED VIEW v");
        assertThat(lines("SELECT * FROM v ORDER BY 1")).isEqualTo(lines("SELECT * FROM w ORDER BY 1"));
        run("INSERT INTO t VALUES (4, 'the cat', 4)", "REFRESH MATERIALIZED VIEW v");
        Oracle.exact().check(alice, "v", query);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            SELECT id % 2 AS g, ag(a) AS x FROM t GROUP BY id % 2 | CREATE OR REPLACE FUNCTION trans(integer, integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT $1 + 2 * $2'
            SELECT id % 2 AS g, ag(a) AS x FROM t GROUP BY id % 2 | CREATE OR REPLACE FUNCTION final(integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT -$1'
            SELECT id % 2 AS g, ag(a) AS x FROM t GROUP BY id % 2 | CREATE OR REPLACE AGGREGATE ag(integer) (sfunc = trans, stype = integer, initcond = '100', finalfunc = final)
            SELECT id, a ## 2 AS x FROM t                         | CREATE OR REPLACE FUNCTION plus(integer, integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT $1 - $2'
            SELECT id, outer_f(a) AS x FROM t                     | CREATE OR REPLACE FUNCTION plus(integer, integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT $1 - $2'
            SELECT id, a::dims AS x FROM t                        | CREATE OR REPLACE FUNCTION as_dims(integer) RETURNS dims IMMUTABLE LANGUAGE sql RETURN ROW(-$1)::dims
            SELECT id, to_tsvector('words'::regconfig, s) AS x FROM t | ALTER TEXT SEARCH CONFIGURATION words ALTER MAPPING FOR asciiword WITH simple
            """)
    void whatAQueryCallsByWayOfSomethingElseIsReplaced(String query, String change) {
        run("CREATE FUNCTION trans(integer, integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT $1 + $2'",
                "CREATE FUNCTION final(integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT $1'",
                "CREATE AGGREGATE ag(integer) (sfunc = trans, stype = integer, initcond = '0', finalfunc = final)",
                "CREATE FUNCTION plus(integer, integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT $1 + $2'",
                "CREATE OPERATOR ## (leftarg = integer, rightarg = integer, function = plus)",
                "CREATE FUNCTION outer_f(integer) RETURNS integer IMMUTABLE LANGUAGE sql RETURN plus($1, 1)",
                "CREATE TYPE dims AS (n integer)", "CREATE FUNCTION as_dims(integer) RETURNS dims IMMUTABLE LANGUAGE sql RETURN ROW($1)::dims",
                "CREATE CAST (integer AS dims) WITH FUNCTION as_dims(integer)", "CREATE TEXT SEARCH CONFIGURATION words (COPY = english)",
                "CREATE TABLE t (id integer PRIMARY KEY, s text, a integer)", "INSERT INTO t VALUES (1, 'the cats', 1), (2, 'a dog', 2)");
        follows(query, change);
    }

    @Test
    void aColumnThatIsDeclaredNotNullButHoldsNulls() {
        run("CREATE TABLE t (a integer)", "INSERT INTO t VALUES (NULL), (5), (7)", "ALTER TABLE t ADD CONSTRAINT held NOT NULL a NOT VALID");
        var v = view("v", "SELECT count(a) AS n, avg(a) AS m, sum(a) AS s FROM t");
        v.step("DELETE FROM t WHERE a = 7").matchesRecompute();
        v.anew("DELETE FROM t WHERE a IS NULL", "ALTER TABLE t VALIDATE CONSTRAINT held").matchesRecompute();
        v.step("INSERT INTO t VALUES (8)").matchesRecompute();
        v.anew("ALTER TABLE t ALTER a DROP NOT NULL", "INSERT INTO t VALUES (NULL)", "ALTER TABLE t ADD CONSTRAINT held NOT NULL a NOT VALID").matchesRecompute();
        v.step("INSERT INTO t VALUES (9)").matchesRecompute();
    }

    @Test
    void anUnvalidatedNotNullMakesNoKey() {
        run("CREATE TABLE t (a integer UNIQUE, b integer)", "INSERT INTO t VALUES (NULL, 1), (NULL, 2), (1, 3)", "ALTER TABLE t ADD CONSTRAINT held NOT NULL a NOT VALID");
        view("SELECT a, b FROM t").step("DELETE FROM t WHERE b = 1").delta("-1 | NULL | 1").matchesRecompute();
    }

    @Test
    void aChildMayHoldNullsWhereItsParentMayNot() {
        run("CREATE TABLE p (a integer NOT NULL NO INHERIT)", "CREATE TABLE c (a integer)", "ALTER TABLE c INHERIT p", "INSERT INTO p VALUES (1)", "INSERT INTO c VALUES (NULL)");
        var v = view("SELECT count(a) AS n, avg(a) AS m FROM p");
        v.step("INSERT INTO c VALUES (NULL), (3)").matchesRecompute();
        v.anew("DELETE FROM c WHERE a IS NULL", "ALTER TABLE c ALTER a SET NOT NULL").matchesRecompute();
        v.anew("ALTER TABLE c ALTER a DROP NOT NULL", "INSERT INTO c VALUES (NULL)").matchesRecompute();
    }

    @Test
    void alteredTypesInsideOthers() {
        run("CREATE TYPE en AS ENUM ('x', 'y')", "CREATE DOMAIN den AS en", "CREATE TYPE inn AS (x integer, y integer)", "CREATE TYPE outr AS (i inn, e en)",
                "CREATE TABLE et (id integer PRIMARY KEY, d den, a en[], o outr, os outr[])", "INSERT INTO et VALUES (1, 'x', '{x}', ((1, 2), 'x'), ARRAY[((1, 2), 'x')::outr])");
        for (String column : new String[] {"d", "a", "o", "os"}) {
            view("v_" + column, "SELECT id, " + column + "::text AS t FROM et");
        }
        run(create("g", "SELECT id, ((o).i).y AS y FROM et"), create("j", "SELECT id, to_jsonb(os) AS j FROM et"),
                "CREATE MATERIALIZED VIEW w WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS SELECT id, 'x'::en::den::text AS t FROM et");
        run("ALTER TYPE en RENAME VALUE 'x' TO 'renamed'");
        for (String column : new String[] {"d", "a", "o", "os"}) {
            run("REFRESH MATERIALIZED VIEW v_" + column);
            Oracle.exact().check(alice, "v_" + column, "SELECT id, " + column + "::text AS t FROM et");
        }
        run("REFRESH MATERIALIZED VIEW w");
        assertThat(lines("SELECT t FROM w")).containsExactly("renamed");
        run("ALTER TYPE inn RENAME ATTRIBUTE y TO yy CASCADE", "REFRESH MATERIALIZED VIEW g", "REFRESH MATERIALIZED VIEW j");
        Oracle.exact().check(alice, "g", "SELECT id, ((o).i).yy AS y FROM et");
        Oracle.exact().check(alice, "j", "SELECT id, to_jsonb(os) AS j FROM et");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            SELECT id, to_jsonb(t) AS x FROM t
            SELECT id, t::text AS x FROM t
            SELECT id, row_to_json(t) AS x FROM t
            SELECT max(t::text) AS x FROM t
            """)
    void wholeRowsHaveTheColumnsOfNow(String query) {
        run("CREATE TABLE t (id integer PRIMARY KEY, a integer)", "INSERT INTO t VALUES (1, 1)",
                "CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS " + query);
        var v = new StreamTable(alice, "v", query, Oracle.exact());
        v.anew("ALTER TABLE t ADD COLUMN z integer DEFAULT 5").matchesRecompute();
        v.anew("UPDATE t SET z = 6").matchesRecompute();
        v.anew("ALTER TABLE t DROP COLUMN a").matchesRecompute();
    }

    @Test
    void aSequenceIsReadAtEveryRefresh() {
        run("CREATE TABLE t (id integer)", "CREATE SEQUENCE s", "INSERT INTO t VALUES (1)");
        String query = "SELECT t.id, s.last_value FROM t, s";
        assertThat(failure(create("d", query)).text()).contains("sequence " + schema + ".s");
        run("CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS " + query);
        new StreamTable(alice, "v", query, Oracle.exact()).anew("SELECT nextval('s'), nextval('s')").matchesRecompute();
        assertThat(lines("SELECT source_type FROM pgtrickle.pgt_dependencies ORDER BY 1")).containsExactly("SEQUENCE", "TABLE");
    }
}
