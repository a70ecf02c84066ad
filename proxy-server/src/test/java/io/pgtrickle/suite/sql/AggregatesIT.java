// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.EngineOnly;
import io.pgtrickle.suite.SqlSuite;
import io.pgtrickle.suite.oracle.Oracle;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** COUNT, SUM, AVG, MIN, MAX with GROUP BY, FILTER and HAVING, without GROUP BY; DISTINCT, UNION ALL and UNION; nested. */
@EngineOnly
class AggregatesIT extends SqlSuite {

    AggregatesIT(Door door) {
        super(door);
    }

    @BeforeEach
    void source() {
        run("CREATE TABLE t (id integer PRIMARY KEY, g text, x integer, y numeric)",
                "INSERT INTO t VALUES (1, 'a', 1, 1.0), (2, 'a', 2, 2.00), (3, 'b', 3, NULL), (4, NULL, 4, 4)");
    }

    @Test
    void aGroupEmptiedAndRefilledInOneWindow() {
        view("SELECT g, count(*) AS n, sum(x) AS s FROM t GROUP BY g")
                .step("DELETE FROM t WHERE g = 'a'", "INSERT INTO t VALUES (10, 'a', 7, 0)").delta("-1 | a | 2 | 3", "+1 | a | 1 | 7").matchesRecompute();
    }

    @Test
    void aGroupThatEndsAsItBeganIsNotTouched() {
        view("SELECT g, count(*) AS n, sum(x) AS s FROM t GROUP BY g")
                .step("DELETE FROM t WHERE id = 3", "INSERT INTO t VALUES (30, 'b', 3, 5)").noDelta().matchesRecompute();
    }

    @Test
    void theGroupKeyChanges() {
        view("SELECT g, count(*) AS n, sum(x) AS s, min(x) AS lo FROM t GROUP BY g")
                .step("UPDATE t SET g = 'b' WHERE id = 1").delta("-1 | a | 2 | 3 | 1", "+1 | a | 1 | 2 | 2", "-1 | b | 1 | 3 | 3", "+1 | b | 2 | 4 | 1").matchesRecompute();
    }

    @Test
    void nullIsAGroup() {
        view("SELECT g, count(*) AS n FROM t GROUP BY g").step("UPDATE t SET g = NULL WHERE id = 3").delta("-1 | b | 1", "-1 | NULL | 1", "+1 | NULL | 2").matchesRecompute()
                .step("DELETE FROM t WHERE g IS NULL").delta("-1 | NULL | 2").matchesRecompute();
    }

    @Test
    void allInputsOfAnAggregateBecomeNull() {
        view("SELECT g, sum(x) AS s, avg(x) AS a, min(x) AS lo, max(x) AS hi, count(x) AS n, count(*) AS rows FROM t GROUP BY g")
                .step("UPDATE t SET x = NULL WHERE g = 'a'")
                .delta("-1 | a | 3 | 1.5000000000000000 | 1 | 2 | 2 | 2", "+1 | a | NULL | NULL | NULL | NULL | 0 | 2").matchesRecompute()
                .step("UPDATE t SET x = 0 WHERE id = 1").delta("-1 | a | NULL | NULL | NULL | NULL | 0 | 2", "+1 | a | 0 | 0.00000000000000000000 | 0 | 0 | 1 | 2").matchesRecompute();
    }

    @Test
    void filterClausesCountOnlyWhatPasses() {
        view("SELECT g, count(*) FILTER (WHERE x > 1) AS n, sum(x) FILTER (WHERE y IS NOT NULL) AS s, max(x) FILTER (WHERE x < 3) AS hi FROM t GROUP BY g")
                .step("UPDATE t SET x = 5 WHERE id = 1", "UPDATE t SET y = 1 WHERE id = 3", "UPDATE t SET y = NULL WHERE id = 4").matchesRecompute()
                .step("DELETE FROM t WHERE x > 1").matchesRecompute();
    }

    @Test
    void aFilterConditionThatIsNullDoesNotPass() {
        view("SELECT count(*) FILTER (WHERE y > 1) AS n FROM t").step("UPDATE t SET y = NULL").delta("-1 | 2", "+1 | 0").matchesRecompute();
    }

    @Test
    void theExtremumIsDeletedAndATieIsLeft() {
        run("INSERT INTO t VALUES (5, 'a', 2, 0), (6, 'a', 1, 0)");
        view("SELECT g, min(x) AS lo, max(x) AS hi FROM t GROUP BY g").step("DELETE FROM t WHERE id IN (1, 2)").noDelta().matchesRecompute()
                .step("DELETE FROM t WHERE id = 5").delta("-1 | a | 1 | 2", "+1 | a | 1 | 1").matchesRecompute()
                .step("DELETE FROM t WHERE id = 6", "INSERT INTO t VALUES (7, 'a', 50, 0)").delta("-1 | a | 1 | 1", "+1 | a | 50 | 50").matchesRecompute();
    }

    @Test
    void theExtremumMovesDownByAnUpdate() {
        view("SELECT max(x) AS hi, min(g) AS g FROM t").step("UPDATE t SET x = 0 WHERE x = 4").delta("-1 | 4 | a", "+1 | 3 | a").matchesRecompute();
    }

    @Test
    void withoutGroupByThereIsAlwaysOneRow() {
        var v = view("SELECT count(*) AS n, count(y) AS ny, sum(x) AS s, avg(y) AS a, max(g) AS g FROM t");
        v.step("DELETE FROM t").delta("-1 | 4 | 3 | 10 | 2.3333333333333333 | b", "+1 | 0 | 0 | NULL | NULL | NULL").matchesRecompute();
        v.step("INSERT INTO t VALUES (1, 'z', 1, 1)").matchesRecompute();
        v.step("TRUNCATE t").matchesRecompute();
    }

    @Test
    void aScalarAggregateStartsOnAnEmptyTable() {
        run("CREATE TABLE e (x integer)");
        view("SELECT count(*) AS n, sum(x) AS s FROM e").step("INSERT INTO e VALUES (NULL)").delta("-1 | 0 | NULL", "+1 | 1 | NULL").matchesRecompute()
                .step("INSERT INTO e VALUES (5)").delta("-1 | 1 | NULL", "+1 | 2 | 5").matchesRecompute();
    }

    @Test
    void groupByExpressionsAndExpressionsOverAggregates() {
        view("SELECT x % 2 AS odd, count(*) * 10 + coalesce(sum(x), 0) AS score, CASE WHEN count(*) > 1 THEN 'many' ELSE 'one' END AS how FROM t GROUP BY x % 2")
                .step("INSERT INTO t VALUES (5, 'q', 5, 5)", "DELETE FROM t WHERE id = 2").matchesRecompute();
    }

    @Test
    void theGroupKeyNeedNotBeInTheOutput() {
        view("SELECT count(*) AS n FROM t GROUP BY g").step("INSERT INTO t VALUES (5, 'b', 5, 5)").delta("-1 | 1", "+1 | 2").matchesRecompute()
                .step("DELETE FROM t WHERE g = 'a'").delta("-1 | 2").matchesRecompute();
    }

    @Test
    void groupingByThePrimaryKeyAllowsEveryColumn() {
        view("SELECT t.id, t.g, t.y, count(u.id) AS n FROM t JOIN t u ON u.x >= t.x GROUP BY t.id")
                .step("UPDATE t SET g = 'changed' WHERE id = 3", "INSERT INTO t VALUES (9, 'n', 9, 9)").matchesRecompute();
    }

    @Test
    void havingIsCrossedBothWays() {
        view("SELECT g, count(*) AS n FROM t GROUP BY g HAVING count(*) > 1").step("INSERT INTO t VALUES (5, 'b', 1, 1)", "DELETE FROM t WHERE id = 1").delta("-1 | a | 2", "+1 | b | 2").matchesRecompute()
                .step("UPDATE t SET g = 'a' WHERE id = 5").delta("+1 | a | 2", "-1 | b | 2").matchesRecompute();
    }

    @Test
    void havingOverAnAggregateThatIsNotShown() {
        view("SELECT g FROM t GROUP BY g HAVING sum(x) > 3 AND max(y) IS NOT NULL")
                .step("INSERT INTO t VALUES (5, 'a', 3, NULL)").delta("+1 | a").matchesRecompute().step("UPDATE t SET y = NULL WHERE g = 'a'").delta("-1 | a").matchesRecompute();
    }

    @Test
    void havingWithoutGroupByIsNoneOrOneRow() {
        view("SELECT sum(x) AS s FROM t HAVING count(*) > 4").step("INSERT INTO t VALUES (5, 'e', 5, 5)").delta("+1 | 15").matchesRecompute()
                .step("DELETE FROM t WHERE id = 1").delta("-1 | 15").matchesRecompute();
    }

    @Test
    void aSumShowsTheLargestScaleOfWhatIsLeft() {
        run("CREATE TABLE m (g integer, y numeric)", "INSERT INTO m VALUES (1, 1.0)");
        view("SELECT g, sum(y) AS s FROM m GROUP BY g").step("INSERT INTO m VALUES (1, 2.00)").delta("-1 | 1 | 1.0", "+1 | 1 | 3.00").matchesRecompute()
                .step("DELETE FROM m WHERE y = 2").delta("-1 | 1 | 3.00", "+1 | 1 | 1.0").matchesRecompute();
    }

    @Test
    void averagesKeepPostgresScale() {
        view("SELECT avg(x) AS ax, avg(y) AS ay FROM t").step("UPDATE t SET y = 100000.125 WHERE id = 3").matchesRecompute().step("DELETE FROM t WHERE id = 3").matchesRecompute();
    }

    @Test
    void notANumberAndInfinityComeAndGo() {
        run("CREATE TABLE m (id integer, y numeric, f double precision)", "INSERT INTO m VALUES (1, 1, 0.5), (2, 2, 2)");
        var v = view("SELECT sum(y) AS sy, avg(y) AS ay, max(y) AS hy, sum(f) AS sf, avg(f) AS af, min(f) AS lf FROM m");
        v.step("INSERT INTO m VALUES (3, 'NaN', 'NaN')").matchesRecompute().step("DELETE FROM m WHERE id = 3").matchesRecompute()
                .step("INSERT INTO m VALUES (4, 'Infinity', '-Infinity')").matchesRecompute().step("INSERT INTO m VALUES (5, '-Infinity', 'Infinity')").matchesRecompute()
                .step("DELETE FROM m WHERE id = 4").matchesRecompute().step("DELETE FROM m WHERE id = 5").delta("-1 | -Infinity | -Infinity | 2 | Infinity | Infinity | 0.5", "+1 | 3 | 1.5000000000000000 | 2 | 2.5 | 1.25 | 0.5").matchesRecompute();
    }

    @Test
    void sumsOfFloatsAreRightWithinRounding() {
        run("CREATE TABLE f (g integer, d double precision, r real)", "INSERT INTO f SELECT i % 3, i * 0.1, i * 0.1 FROM generate_series(1, 60) i");
        var v = view("SELECT g, count(*) AS n, max(d) AS hi FROM f GROUP BY g");
        run(create("w", "SELECT g, sum(d) AS sd, avg(d) AS ad, sum(r) AS sr FROM f GROUP BY g"));
        var w = new io.pgtrickle.suite.step.StreamTable(alice, "w", "SELECT g, sum(d) AS sd, avg(d) AS ad, sum(r) AS sr FROM f GROUP BY g", io.pgtrickle.suite.oracle.Oracle.floatsWithinRounding());
        w.step("INSERT INTO f SELECT i % 3, 1e15, 0.3 FROM generate_series(1, 10) i", "DELETE FROM f WHERE d < 3").matchesRecompute();
        w.step("DELETE FROM f WHERE d = 1e15").matchesRecompute();
        v.step("UPDATE f SET d = d + 0.1").matchesRecompute();
    }

    @Test
    void sumsOfBigintAndMoneyAndInterval() {
        run("CREATE TABLE m (b bigint, c money, i interval, s smallint)", "INSERT INTO m VALUES (9223372036854775807, 1.5, '1 day', 1), (9223372036854775807, 2, '24 hours', 2)");
        view("SELECT sum(b) AS b, sum(c) AS c, sum(i) AS i, sum(s) AS s, avg(i) AS ai, avg(s) AS av FROM m")
                .step("INSERT INTO m VALUES (1, NULL, '1 mon', 3)").matchesRecompute().step("DELETE FROM m WHERE b > 1").matchesRecompute();
    }

    @Test
    void minAndMaxOfEveryOrderedKind() {
        run("CREATE TABLE m (d date, ts timestamptz, t text, c char(5), a integer[], n numeric)",
                "INSERT INTO m VALUES ('2024-01-01', '2024-01-01 00:00+00', 'a', 'x', '{1,2}', 1), ('2024-01-02', '2024-01-02 00:00+00', 'b', 'y', '{3}', 2)");
        view("SELECT min(d) AS d, max(ts) AS ts, max(t) AS t, max(c) AS c, max(a) AS a, min(n) AS n FROM m")
                .step("DELETE FROM m WHERE t = 'b'").matchesRecompute().step("DELETE FROM m").matchesRecompute().step("INSERT INTO m VALUES ('2020-01-01', now(), 'z', 'z', '{}', 0)").matchesRecompute();
    }

    @Test
    void distinctKeepsOneOfEach() {
        view("SELECT DISTINCT g, x > 2 AS big FROM t").step("INSERT INTO t VALUES (5, 'a', 1, 1)", "DELETE FROM t WHERE id = 1").noDelta().matchesRecompute()
                .step("DELETE FROM t WHERE id IN (2, 5)", "INSERT INTO t VALUES (6, 'n', 9, 9), (7, 'n', 9, 8)").delta("-1 | a | f", "+1 | n | t").matchesRecompute();
    }

    @Test
    void distinctOverAJoinCountsMultiplicity() {
        view("SELECT DISTINCT a.g FROM t a JOIN t b ON a.x < b.x").step("DELETE FROM t WHERE id = 3").delta("-1 | b").matchesRecompute().step("DELETE FROM t WHERE id = 4").matchesRecompute();
    }

    @Test
    void unionAllAddsUpOverlappingBranches() {
        view("SELECT g, x FROM t WHERE x > 1 UNION ALL SELECT g, x FROM t WHERE x < 3 UNION ALL SELECT 'k', id FROM t")
                .step("UPDATE t SET x = 2 WHERE id = 1").delta("-1 | a | 1", "+2 | a | 2").matchesRecompute().step("DELETE FROM t WHERE id = 2").delta("-2 | a | 2", "-1 | k | 2").matchesRecompute();
    }

    @Test
    void unionDropsWhatBothBranchesHave() {
        view("SELECT g FROM t WHERE x > 1 UNION SELECT g FROM t WHERE x < 3").step("DELETE FROM t WHERE id = 1").noDelta().matchesRecompute().step("DELETE FROM t WHERE id = 2").delta("-1 | a").matchesRecompute();
    }

    @Test
    void anAggregateOfAnAggregate() {
        view("SELECT n, count(*) AS groups, sum(s) AS total FROM (SELECT g, count(*) AS n, sum(x) AS s FROM t GROUP BY g) q GROUP BY n")
                .step("INSERT INTO t VALUES (5, 'b', 5, 5), (6, 'c', 6, 6)").delta("-1 | 1 | 2 | 7", "+1 | 1 | 2 | 10", "-1 | 2 | 1 | 3", "+1 | 2 | 2 | 11").matchesRecompute()
                .step("DELETE FROM t WHERE g = 'b'", "UPDATE t SET g = 'c' WHERE g = 'a'").matchesRecompute();
    }

    @Test
    void aJoinOfTwoAggregatesOverTheSameTable() {
        view("SELECT a.g, a.n, b.s FROM (SELECT g, count(*) AS n FROM t GROUP BY g) a JOIN (SELECT g, sum(x) AS s FROM t WHERE x > 1 GROUP BY g) b ON a.g = b.g")
                .step("UPDATE t SET x = 9 WHERE id = 1", "INSERT INTO t VALUES (5, 'c', 5, 5)", "DELETE FROM t WHERE id = 3").delta("-1 | a | 2 | 2", "+1 | a | 2 | 11", "-1 | b | 1 | 3", "+1 | c | 1 | 5").matchesRecompute();
    }

    @Test
    void anAggregateOverAJoinOverADistinctOverAUnion() {
        view("SELECT d.g, count(*) AS n, sum(t.x) AS s FROM (SELECT DISTINCT g FROM (SELECT g FROM t UNION ALL SELECT 'zz' FROM t) u) d JOIN t ON t.g = d.g OR d.g = 'zz' GROUP BY d.g")
                .step("INSERT INTO t VALUES (5, 'c', 5, 5)", "DELETE FROM t WHERE g = 'a'").matchesRecompute().step("DELETE FROM t").matchesRecompute().step("INSERT INTO t VALUES (1, 'zz', 1, 1)").matchesRecompute();
    }

    @Test
    void onlyTouchedGroupsAreWritten() {
        run("INSERT INTO t SELECT i, 'g' || i, i, i FROM generate_series(100, 199) i");
        var v = view("SELECT g, count(*) AS n, sum(x) AS s FROM t GROUP BY g");
        String untouched = lines("SELECT ctid, xmin, g FROM v WHERE g <> 'g150' ORDER BY g").toString();
        v.step("UPDATE t SET x = 0 WHERE g = 'g150'").delta("-1 | g150 | 1 | 150", "+1 | g150 | 1 | 0").matchesRecompute();
        assertThat(lines("SELECT ctid, xmin, g FROM v WHERE g <> 'g150' ORDER BY g").toString()).isEqualTo(untouched);
    }

    @Test
    void aPrimaryKeyDeterminesNothingAmongTablesThatInherit() {
        run("CREATE TABLE p (id integer PRIMARY KEY, a integer)", "INSERT INTO p VALUES (1, 1), (2, 5)");
        String query = "SELECT id, a, count(*) AS n, sum(a) AS s FROM p GROUP BY id";
        run("CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS " + query);
        assertThat(lines("SELECT refresh_mode FROM pgtrickle.pgt_stream_tables")).containsExactly("DIFFERENTIAL");
        run("CREATE TABLE ch () INHERITS (p)", "INSERT INTO ch VALUES (1, 2)", "REFRESH MATERIALIZED VIEW v");
        assertThat(lines("SELECT id, n, s FROM v ORDER BY 1")).containsExactly("1 | 2 | 3", "2 | 1 | 5");
        assertThat(lines("SELECT refresh_mode, full_reason FROM pgtrickle.pgt_stream_tables")).containsExactly(
                "FULL | column a outside GROUP BY, which the primary key of " + schema + ".p does not determine because tables inherit from it");
        run("INSERT INTO ch VALUES (2, 7), (3, 8)", "REFRESH MATERIALIZED VIEW v");
        assertThat(lines("SELECT id, n, s FROM v ORDER BY 1")).containsExactly("1 | 2 | 3", "2 | 2 | 12", "3 | 1 | 8");
        assertThat(failure(create("w", query)).hint()).isNotBlank();
        view("u", "SELECT id, count(*) AS n FROM p GROUP BY id").step("INSERT INTO ch VALUES (1, 9)").delta("-1 | 1 | 2", "+1 | 1 | 3").matchesRecompute();
        run("DROP TABLE ch", "REFRESH MATERIALIZED VIEW v");
        Oracle.exact().check(alice, "v", query);
        assertThat(lines("SELECT refresh_mode FROM pgtrickle.pgt_stream_tables WHERE pgt_name = 'v'")).containsExactly("DIFFERENTIAL");
    }

    @Test
    void aPrimaryKeyDeterminesItsRowInJoinsAndPartitionedTables() {
        run("CREATE TABLE p (id integer PRIMARY KEY, a integer, j json) PARTITION BY RANGE (id)", "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100)",
                "CREATE TABLE q (x integer, y integer, z text, PRIMARY KEY (x, y))", "INSERT INTO p VALUES (1, 1, '{}'), (2, 5, '[]')", "INSERT INTO q VALUES (1, 1, 'a'), (1, 2, 'b')");
        view("v", "SELECT m.id, m.a, n.z, count(*) AS n FROM p AS m(id, a), q AS n WHERE m.id = n.x GROUP BY m.id, n.y, n.x HAVING n.z > ''")
                .step("INSERT INTO q VALUES (2, 1, 'c')", "UPDATE p SET a = 3").matchesRecompute();
        run("CREATE MATERIALIZED VIEW w WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS SELECT id, j, count(*) AS n FROM p GROUP BY id",
                "UPDATE p SET j = '{ }' WHERE id = 1", "INSERT INTO p VALUES (3, 3, '{}')", "REFRESH MATERIALIZED VIEW w");
        Oracle.exact().check(alice, "w", "SELECT id, j, count(*) AS n FROM p GROUP BY id");
    }

    /** What counts by scale which values there are has no room for these. */
    @Test
    void scalesAsLargeAsTheyCanBe() {
        run("CREATE TABLE sc (id integer PRIMARY KEY, g integer, x numeric)", "INSERT INTO sc VALUES (1, 1, 1e-11000), (2, 1, 1.50), (3, 2, 2.0)");
        view("SELECT g, sum(x) AS s, avg(x) AS a FROM sc GROUP BY g")
                .step("INSERT INTO sc VALUES (4, 1, 1e-16383), (5, 2, 1e-10923), (6, 3, 'NaN')").matchesRecompute()
                .step("DELETE FROM sc WHERE id = 4", "UPDATE sc SET x = 1.000 WHERE id = 5").matchesRecompute()
                .step("DELETE FROM sc WHERE id IN (1, 6)", "INSERT INTO sc VALUES (7, 2, 1e-12000), (8, 3, 1e-10000), (9, 3, 1e-9999)").matchesRecompute()
                .step("DELETE FROM sc WHERE id IN (7, 8)").matchesRecompute()
                .step("DELETE FROM sc WHERE id = 9", "UPDATE sc SET x = 1e-16000 WHERE id = 3").matchesRecompute();
        view("w", "SELECT sum(x) AS s FROM sc").step("INSERT INTO sc VALUES (10, 1, 1e-16383)").matchesRecompute()
                .step("DELETE FROM sc WHERE id = 10").matchesRecompute();
    }
}
