// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.EngineOnly;
import io.pgtrickle.suite.SqlSuite;
import io.pgtrickle.suite.oracle.Oracle;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Inner joins: simultaneous changes of all sides, keys that change, self joins, duplicates. */
@EngineOnly
class JoinsIT extends SqlSuite {

    private static final String PAIRS = "SELECT l.id, l.k, r.id AS rid, r.w FROM l JOIN r ON l.k = r.k";

    JoinsIT(Door door) {
        super(door);
    }

    @BeforeEach
    void sources() {
        run("CREATE TABLE l (id integer PRIMARY KEY, k integer, v text)", "CREATE TABLE r (id integer PRIMARY KEY, k integer, w text)",
                "INSERT INTO l VALUES (1, 10, 'a'), (2, 20, 'b'), (3, NULL, 'c')", "INSERT INTO r VALUES (1, 10, 'x'), (2, 20, 'y'), (3, NULL, 'z')");
    }

    @Test
    void bothPartnersDeletedInOneWindow() {
        view(PAIRS).step("DELETE FROM l WHERE k = 10", "DELETE FROM r WHERE k = 10").delta("-1 | 1 | 10 | 1 | x").matchesRecompute();
    }

    @Test
    void columnsUnderOtherNamesOfWhichOnlySomeAreUsed() {
        view("SELECT x.p, r.w FROM l AS x(p, q) JOIN r ON x.q = r.k")
                .step("INSERT INTO l VALUES (4, 20, 'd')", "UPDATE r SET w = 'yy' WHERE k = 20")
                .delta("-1 | 2 | y", "+1 | 2 | yy", "+1 | 4 | yy").matchesRecompute();
    }

    @Test
    void bothPartnersInsertedInOneWindow() {
        view(PAIRS).step("INSERT INTO l VALUES (4, 40, 'd')", "INSERT INTO r VALUES (4, 40, 'q')").delta("+1 | 4 | 40 | 4 | q").matchesRecompute();
    }

    @Test
    void theJoinKeyChangesOnBothSides() {
        view(PAIRS).step("UPDATE l SET k = 30 WHERE k = 10", "UPDATE r SET k = 30 WHERE k = 10")
                .delta("-1 | 1 | 10 | 1 | x", "+1 | 1 | 30 | 1 | x").matchesRecompute();
    }

    @Test
    void theJoinKeysOfBothSidesChangePlaces() {
        view(PAIRS).step("UPDATE l SET k = 30 - k", "UPDATE r SET w = w || '!'")
                .delta("-1 | 1 | 10 | 1 | x", "-1 | 2 | 20 | 2 | y", "+1 | 1 | 20 | 2 | y!", "+1 | 2 | 10 | 1 | x!").matchesRecompute();
    }

    @Test
    void insertedAndDeletedInOneWindowIsNothing() {
        view(PAIRS).step("INSERT INTO l VALUES (4, 10, 'd')", "DELETE FROM l WHERE id = 4").noDelta().matchesRecompute();
    }

    @Test
    void deletedAndInsertedAgainWithOtherValues() {
        view(PAIRS).step("DELETE FROM l WHERE id = 1", "INSERT INTO l VALUES (1, 20, 'new')")
                .delta("-1 | 1 | 10 | 1 | x", "+1 | 1 | 20 | 2 | y").matchesRecompute();
    }

    @Test
    void oneSideUpdatedWhileTheOtherIsDeleted() {
        view(PAIRS).step("UPDATE l SET v = 'changed' WHERE id = 1", "DELETE FROM r WHERE k = 10").delta("-1 | 1 | 10 | 1 | x").matchesRecompute();
    }

    @Test
    void nullKeysNeverMeet() {
        view(PAIRS).step("UPDATE r SET k = NULL WHERE k = 10").delta("-1 | 1 | 10 | 1 | x").matchesRecompute()
                .step("UPDATE r SET k = 20 WHERE k IS NULL").delta("+1 | 2 | 20 | 1 | x", "+1 | 2 | 20 | 3 | z").matchesRecompute();
    }

    @Test
    void nullKeysMeetWhereTheConditionSaysSo() {
        view("SELECT l.id, r.id AS rid FROM l JOIN r ON l.k IS NOT DISTINCT FROM r.k")
                .step("INSERT INTO l VALUES (4, NULL, 'd')", "DELETE FROM r WHERE k = 10").delta("+1 | 4 | 3", "-1 | 1 | 1").matchesRecompute();
    }

    @Test
    void aJoinThatYieldsDuplicatesLosesSomeOfThem() {
        run("INSERT INTO r VALUES (4, 10, 'x'), (5, 10, 'x')");
        view("SELECT l.v, r.w FROM l JOIN r ON l.k = r.k").step("DELETE FROM r WHERE id IN (1, 4)").delta("-2 | a | x").matchesRecompute()
                .step("INSERT INTO l SELECT i, 10, 'a' FROM generate_series(10, 12) i", "INSERT INTO r VALUES (6, 10, 'x')").delta("+7 | a | x").matchesRecompute();
    }

    @Test
    void aSelfJoinSeesTheSameChangeOnBothSides() {
        run("INSERT INTO l VALUES (4, 10, 'd')");
        view("SELECT a.id, b.id AS other FROM l a JOIN l b ON a.k = b.k")
                .step("INSERT INTO l VALUES (5, 10, 'e')", "DELETE FROM l WHERE id = 1", "UPDATE l SET k = 20 WHERE id = 4")
                .delta("-1 | 1 | 1", "-1 | 1 | 4", "-1 | 4 | 1", "+1 | 5 | 5", "+1 | 2 | 4", "+1 | 4 | 2").matchesRecompute();
    }

    @Test
    void aSelfJoinWithTheSameRowsOnBothSides() {
        view("SELECT a.v, b.v AS w FROM l a, l b WHERE a.id <= b.id").step("UPDATE l SET v = v || v", "DELETE FROM l WHERE id = 2").matchesRecompute();
    }

    @Test
    void anyConditionJoins() {
        view("SELECT l.id, r.id AS rid FROM l JOIN r ON l.k < r.k OR l.v = r.w")
                .step("INSERT INTO l VALUES (4, 5, 'y')", "UPDATE r SET k = 15 WHERE id = 1").matchesRecompute();
    }

    @Test
    void aCrossJoinMultiplies() {
        view("SELECT l.id, r.id AS rid FROM l CROSS JOIN r").step("DELETE FROM l WHERE id = 1", "INSERT INTO r VALUES (4, 4, '4')").matchesRecompute()
                .step("DELETE FROM r").matchesRecompute().step("INSERT INTO r VALUES (9, 9, '9')").matchesRecompute();
    }

    @Test
    void usingAndNaturalJoinsAreInnerJoins() {
        view("v", "SELECT k, l.v, r.w FROM l JOIN r USING (k)").step("INSERT INTO l VALUES (4, 20, 'd')", "UPDATE r SET k = 10 WHERE id = 2").matchesRecompute();
        run("CREATE TABLE n (k integer, extra text)", "INSERT INTO n VALUES (10, 'n')");
        view("w", "SELECT * FROM l NATURAL JOIN n").step("INSERT INTO n VALUES (20, 'm')", "DELETE FROM l WHERE id = 1").matchesRecompute();
    }

    @Test
    void anEightWayJoinWithChangesOnEveryTable() {
        StringBuilder from = new StringBuilder("t1");
        for (int i = 1; i <= 8; i++) {
            run("CREATE TABLE t" + i + " (id integer PRIMARY KEY, next integer, v integer)",
                    "INSERT INTO t" + i + " SELECT i, i % 4, i FROM generate_series(0, 5) i");
            if (i > 1) {
                from.append(" JOIN t").append(i).append(" ON t").append(i).append(".id = t").append(i - 1).append(".next");
            }
        }
        var v = view("SELECT t1.id, t8.v, t1.v + t4.v AS s FROM " + from);
        String[] changes = new String[24];
        for (int i = 0; i < 8; i++) {
            String t = "t" + (i + 1);
            changes[3 * i] = "UPDATE " + t + " SET next = (next + " + i + ") % 5, v = v + 1 WHERE id % 2 = 0";
            changes[3 * i + 1] = "DELETE FROM " + t + " WHERE id = " + (i % 4);
            changes[3 * i + 2] = "INSERT INTO " + t + " VALUES (" + (6 + i) + ", 1, 100), (" + (i % 4) + ", 2, 200)";
        }
        v.step(changes).matchesRecompute();
        v.step("UPDATE t1 SET v = v + 1", "UPDATE t8 SET v = v + 1").matchesRecompute();
    }

    /** Values whose = is coarser than what one sees, and keys of two columns. */
    @Test
    void aSevenWayJoinOfTheSameRowsOfWhichEachChangedEverywhere() {
        run("CREATE TABLE k1 (id integer PRIMARY KEY, v numeric)", "CREATE TABLE k2 (id integer PRIMARY KEY, v jsonb)",
                "CREATE TABLE k3 (id bigint PRIMARY KEY, v text)", "CREATE TABLE k4 (id integer, line integer, v text, PRIMARY KEY (line, id))",
                "CREATE TABLE k5 (id integer PRIMARY KEY, v text)", "CREATE TABLE k6 (id integer PRIMARY KEY, v text)", "CREATE TABLE k7 (id integer UNIQUE NOT NULL, v json)");
        for (int i = 1; i <= 7; i++) {
            String columns = i == 4 ? "id, line, v" : "id, v";
            String line = i == 4 ? "2, " : "";
            run("INSERT INTO k" + i + " (" + columns + ") SELECT i, " + line + "'1' FROM generate_series(1, 9) i");
        }
        var v = view("SELECT k1.id, k1.v AS v1, k2.v AS v2, k3.v AS v3, k4.line, k4.v AS v4, k5.v AS v5, k.v AS v6, k7.v::text AS v7 FROM k1 JOIN k2 USING (id)"
                + " JOIN k3 ON k3.id = k1.id JOIN k4 ON k4.id = k1.id JOIN k5 ON k5.id = k1.id JOIN k6 AS k(i, v) ON k.i = k1.id JOIN k7 ON k7.id = k.i");
        v.step("UPDATE k1 SET v = '1.0' WHERE id < 3", "UPDATE k2 SET v = '1.0' WHERE id < 3", "UPDATE k3 SET v = '2' WHERE id < 3",
                "UPDATE k4 SET v = '2' WHERE id < 3", "UPDATE k5 SET v = '2' WHERE id < 3", "UPDATE k6 SET v = '2' WHERE id < 3", "UPDATE k7 SET v = ' 1' WHERE id < 3")
                .delta(
                        "-1 | 1 | 1 | 1 | 1 | 2 | 1 | 1 | 1 | 1", "+1 | 1 | 1.0 | 1.0 | 2 | 2 | 2 | 2 | 2 |  1",
                        "-1 | 2 | 1 | 1 | 1 | 2 | 1 | 1 | 1 | 1", "+1 | 2 | 1.0 | 1.0 | 2 | 2 | 2 | 2 | 2 |  1")
                .matchesRecompute();
        v.step("UPDATE k1 SET id = 20 - id", "UPDATE k2 SET id = 20 - id", "UPDATE k3 SET id = 20 - id", "UPDATE k4 SET id = 20 - id",
                "UPDATE k5 SET id = 20 - id", "UPDATE k6 SET id = 20 - id", "UPDATE k7 SET id = 20 - id", "DELETE FROM k4 WHERE id = 12",
                "INSERT INTO k4 VALUES (12, 7, 'x'), (12, 8, 'y')", "UPDATE k4 SET line = 9 WHERE line = 8").matchesRecompute();
        v.step("DELETE FROM k1 WHERE id = 13", "DELETE FROM k2 WHERE id = 13", "DELETE FROM k3 WHERE id IN (13, 14)", "DELETE FROM k4 WHERE id = 13",
                "DELETE FROM k5 WHERE id IN (13, 15)", "DELETE FROM k6 WHERE id = 13", "INSERT INTO k6 VALUES (13, 'new')", "UPDATE k7 SET v = '2' WHERE id = 16")
                .matchesRecompute();
    }

    @Test
    void aSixWayJoinWithoutKeys() {
        StringBuilder from = new StringBuilder("t1");
        for (int i = 1; i <= 6; i++) {
            run("CREATE TABLE t" + i + " (a integer, n integer)", "INSERT INTO t" + i + " SELECT i / 2, 1 FROM generate_series(1, 40) i");
            if (i > 1) {
                from.append(" JOIN t%d ON t%d.a = t1.a".formatted(i, i));
            }
        }
        var v = view("SELECT t1.a, t1.n + t2.n AS x, t3.n * t4.n AS y, t5.n AS z, t6.n AS w FROM " + from);
        String[] changes = new String[6];
        for (int i = 0; i < 6; i++) {
            changes[i] = "UPDATE t%d SET n = n + 1 WHERE a = 3".formatted(i + 1);
        }
        v.step(changes).matchesRecompute();
        v.step("DELETE FROM t1 WHERE a = 4", "INSERT INTO t2 VALUES (4, 9), (5, 9)", "UPDATE t6 SET a = 5 WHERE a = 6").matchesRecompute();
    }

    /** All of the sources together would be too many, the one that changed is not. */
    @Test
    void aLittleChangeOfAWideJoinWithoutKeys() {
        for (int i = 1; i <= 3; i++) {
            run("CREATE TABLE w" + i + " (id integer, v text)", "INSERT INTO w" + i + " SELECT g, g FROM generate_series(1, 20) g");
        }
        var v = view("SELECT w1.id, w1.v AS a, w2.v AS b, w3.v AS c FROM w1 JOIN w1 x USING (id) JOIN w1 y USING (id) JOIN w2 USING (id) JOIN w2 z USING (id)"
                + " JOIN w2 u USING (id) JOIN w3 USING (id) JOIN (SELECT id, v FROM w3 WHERE id > 1 UNION ALL SELECT id, v FROM w2) t USING (id)");
        v.step("INSERT INTO w3 VALUES (1, 'x')").matchesRecompute();
        v.step("UPDATE w3 SET v = 'y' WHERE id = 2").matchesRecompute();
        v.anew("UPDATE w3 SET v = 'z' WHERE id = 3", "UPDATE w2 SET v = 'z' WHERE id = 3", "UPDATE w1 SET v = 'z' WHERE id = 3").matchesRecompute();
    }

    @Test
    void changesOfAWideJoinWhichTheBlockItselfHasMade() {
        var v = view(fiveTables(9));
        v.step("UPDATE q1 SET v = 'w' WHERE id = 1").delta("-1 | 1 | v | v | v | v | v", "+1 | 1 | w | v | v | v | v").matchesRecompute();
        run("BEGIN", "UPDATE q2 SET v = 'w' WHERE id = 2", "REFRESH MATERIALIZED VIEW " + v.name(), "UPDATE q3 SET v = 'w' WHERE id = 3", "COMMIT");
        v.step("UPDATE q4 SET v = 'w' WHERE id = 4").delta("-1 | 3 | v | v | v | v | v", "+1 | 3 | v | v | w | v | v",
                "-1 | 4 | v | v | v | v | v", "+1 | 4 | v | v | v | w | v").matchesRecompute();
    }

    /** What nobody had changed when a refresh looked, somebody may have by the time it applies changes. */
    @Test
    void changesOfAWideJoinWhileItIsRefreshed() throws Exception {
        int rows = 20_000;
        var v = view(fiveTables(rows));
        Instant end = Instant.now().plus(Duration.ofSeconds(4));
        try (ExecutorService writers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> writing = new ArrayList<>();
            for (int i = 1; i <= 5; i++) {
                Client writer = another();
                String update = "UPDATE q" + i + " SET v = v || '!' WHERE id = ";
                int first = i;
                writing.add(writers.submit(() -> {
                    for (int id = first; id <= rows && Instant.now().isBefore(end); id += 5) { // nobody else's: nothing heals what is lost
                        writer.run(update + id);
                        LockSupport.parkNanos(Duration.ofMillis(3).toNanos());
                    }
                }));
            }
            while (Instant.now().isBefore(end)) {
                run("REFRESH MATERIALIZED VIEW " + v.name());
            }
            for (Future<?> writer : writing) {
                writer.get();
            }
        }
        run("REFRESH MATERIALIZED VIEW " + v.name());
        v.matchesRecompute();
        assertThat(lines("SELECT DISTINCT action FROM pgtrickle.pgt_refresh_history WHERE action <> 'FULL'")).containsExactly("DIFFERENTIAL");
    }

    private String fiveTables(int rows) {
        for (int i = 1; i <= 5; i++) {
            run("CREATE TABLE q" + i + " (id integer PRIMARY KEY, v text)", "INSERT INTO q" + i + " SELECT i, 'v' FROM generate_series(1, " + rows + ") i", "ANALYZE q" + i);
        }
        return "SELECT q1.id, q1.v AS v1, q2.v AS v2, q3.v AS v3, q4.v AS v4, q5.v AS v5 FROM q1 JOIN q2 USING (id) JOIN q3 USING (id) JOIN q4 USING (id) JOIN q5 USING (id)";
    }

    /** The old rows and the new ones of ten aliases are multiplied with each other unless what cancels out is left out before. */
    @Test
    void attributesInRowsBesideEachOther() {
        run("CREATE TABLE av (e integer, a integer, v text, PRIMARY KEY (e, a))",
                "INSERT INTO av SELECT e, a, e || '-' || a FROM generate_series(1, 40) e, generate_series(1, 10) a");
        StringBuilder columns = new StringBuilder("a1.e, a1.v AS v1");
        StringBuilder from = new StringBuilder("av a1");
        for (int i = 2; i <= 10; i++) {
            columns.append(", a%d.v AS v%d".formatted(i, i));
            from.append(" JOIN av a%d ON a%d.e = a1.e AND a%d.a = %d".formatted(i, i, i, i));
        }
        var v = view("SELECT " + columns + " FROM " + from + " WHERE a1.a = 1");
        v.step("UPDATE av SET v = v || '!' WHERE e < 4").matchesRecompute();
        v.step("DELETE FROM av WHERE e = 1 AND a = 5", "UPDATE av SET e = 50 WHERE e = 2", "UPDATE av SET a = 11 - a WHERE e = 3 AND false",
                "INSERT INTO av SELECT 60, a, 'new' FROM generate_series(1, 10) a", "UPDATE av SET v = '?' WHERE a = 3 AND e < 10").matchesRecompute();
    }

    @Test
    void aWideJoinOfTablesWithoutKeysIsComputedAnewWhenManyChangedTogether() {
        run("CREATE TABLE d (k integer, v text)", "INSERT INTO d SELECT k, 'v' FROM generate_series(1, 30) k");
        StringBuilder from = new StringBuilder("d a1");
        for (int i = 2; i <= 9; i++) {
            from.append(" JOIN d a%d ON a%d.k = a1.k".formatted(i, i));
        }
        var v = view("SELECT a1.k, a1.v AS v1, a9.v AS v9 FROM " + from);
        v.anew("UPDATE d SET v = 'w' WHERE k < 4").matchesRecompute();
        v.anew("DELETE FROM d WHERE k = 4", "INSERT INTO d VALUES (5, 'twice')").matchesRecompute();
    }

    @Test
    void aliasesThatRenameSomeOrAllColumns() {
        view("v", "SELECT a.x, b.y FROM l AS a (i, x, z), r AS b (j, y) WHERE a.i = b.j AND a.z <> 'q'")
                .step("UPDATE l SET k = 5 WHERE id = 1", "UPDATE r SET k = 6 WHERE id = 1", "DELETE FROM r WHERE id = 2").delta("-1 | 10 | 10", "+1 | 5 | 6", "-1 | 20 | 20").matchesRecompute();
        run("ALTER TABLE l RENAME COLUMN k TO kk", "UPDATE l SET kk = 8 WHERE id = 1", "REFRESH MATERIALIZED VIEW v");
        Oracle.exact().check(alice, "v", "SELECT l.kk, r.k FROM l JOIN r ON l.id = r.id WHERE l.v <> 'q'");
    }

    @Test
    void aManyToOneJoinIsUpdatedInPlace() {
        run("CREATE TABLE o (id integer PRIMARY KEY, l_id integer NOT NULL, amount numeric(8,2))", "INSERT INTO o VALUES (1, 1, 5), (2, 1, 6), (3, 2, 7)");
        var v = view("SELECT o.id, o.amount, l.v FROM o JOIN l ON l.id = o.l_id");
        v.step("UPDATE l SET v = 'A' WHERE id = 1", "UPDATE o SET amount = 8 WHERE id = 2", "DELETE FROM o WHERE id = 3")
                .delta("-1 | 1 | 5.00 | a", "+1 | 1 | 5.00 | A", "-1 | 2 | 6.00 | a", "+1 | 2 | 8.00 | A", "-1 | 3 | 7.00 | b").matchesRecompute();
    }

    @Test
    void theOnePartnerIsReplacedInOneWindow() {
        run("CREATE TABLE o (id integer PRIMARY KEY, l_id integer NOT NULL)", "INSERT INTO o VALUES (1, 1), (2, 2)");
        view("SELECT o.id, l.v FROM o JOIN l ON l.id = o.l_id")
                .step("DELETE FROM l WHERE id = 1", "INSERT INTO l VALUES (1, 99, 'other')", "UPDATE o SET l_id = 3 WHERE id = 2")
                .delta("-1 | 1 | a", "+1 | 1 | other", "-1 | 2 | b", "+1 | 2 | c").matchesRecompute();
    }

    /** Changes that cancel each other out are not multiplied with each other: a hundred of them would be a hundred million rows. */
    @Test
    void aTableJoinedWithItselfFourTimes() {
        run("CREATE TABLE t (a integer)", "INSERT INTO t SELECT i % 5 FROM generate_series(1, 20) AS i");
        view("SELECT x.a, count(*) AS n FROM t AS w, t AS x, t AS y, t AS z WHERE w.a = x.a AND x.a = y.a AND y.a = z.a GROUP BY x.a")
                .step("UPDATE t SET a = a + 1", "UPDATE t SET a = a + 1", "UPDATE t SET a = a + 1", "UPDATE t SET a = a - 3", "UPDATE t SET a = -1", "UPDATE t SET a = 2", "DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t)")
                .matchesRecompute();
    }

    private void caseInsensitive() {
        run("CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)", "CREATE TABLE d (name text PRIMARY KEY, w integer)",
                "INSERT INTO d VALUES ('a', 1)", "CREATE TABLE o (id integer PRIMARY KEY, name text COLLATE ci)", "INSERT INTO o SELECT i, 'a' FROM generate_series(1, 20) i");
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "SELECT o.id, d.w FROM o JOIN d ON d.name = o.name",
            "SELECT o.id, d.w FROM o JOIN d USING (name)",
            "SELECT o.id, d.w FROM o NATURAL JOIN d",
            "SELECT o.id, d.w FROM o JOIN d ON d.name = o.name COLLATE ci",
            "SELECT o.id, d.w FROM o, d WHERE d.name = 'A' COLLATE ci",
            "SELECT q.id, d.w FROM (SELECT id, name FROM o) q JOIN d ON d.name = q.name",
            "SELECT d.w, q.n FROM (SELECT name, count(*) AS n FROM o GROUP BY name) q JOIN d ON d.name = q.name",
            "SELECT o.id, e.w FROM o JOIN d ON d.name = o.name JOIN d e ON e.name = o.name",
            "SELECT o.name, d.w FROM o JOIN d USING (name) WHERE o.id = 1"})
    void aCollationThatTakesSeveralKeysForEqualMakesNoJoinManyToOne(String query) {
        caseInsensitive();
        view(query).step("INSERT INTO d VALUES ('A', 2)").matchesRecompute().step("UPDATE d SET w = w + 1").matchesRecompute()
                .step("DELETE FROM d WHERE name = 'a'", "INSERT INTO o VALUES (21, 'A')").matchesRecompute();
    }

    @Test
    void aUniqueIndexOfAnotherCollationThanItsColumnIsNoKey() {
        caseInsensitive();
        run("CREATE TABLE e (name text COLLATE ci NOT NULL, w integer)", "CREATE UNIQUE INDEX ON e (name COLLATE \"C\")", "INSERT INTO e VALUES ('a', 1), ('b', 1)");
        var joined = view("v", "SELECT o.id, e.w FROM o JOIN e ON e.name = o.name");
        var alone = view("u", "SELECT name, w FROM e");
        run("INSERT INTO e VALUES ('A', 2)");
        joined.step().matchesRecompute();
        alone.step().matchesRecompute();
        run("UPDATE e SET w = 3 WHERE name COLLATE \"C\" = 'a'");
        joined.step().matchesRecompute();
        alone.step().matchesRecompute();
    }

    @Test
    void aUniqueIndexThatTellsMoreApartThanEqualityIsNoKey() {
        run("CREATE TYPE pair AS (a integer, n numeric)", "CREATE TABLE e (p pair NOT NULL, w integer)", "CREATE UNIQUE INDEX ON e (p record_image_ops)",
                "CREATE TABLE o (id integer PRIMARY KEY, p pair)", "INSERT INTO o VALUES (1, (1, 1.0))", "INSERT INTO e VALUES ((1, 1.0), 1)");
        var joined = view("v", "SELECT o.id, e.w FROM o JOIN e ON e.p = o.p");
        joined.step("INSERT INTO e VALUES ((1, 1.00), 2)").matchesRecompute().step("UPDATE e SET w = w + 1").matchesRecompute();
    }

    @Test
    void twoTimesMayBeOneMoment() {
        run("SET TimeZone = 'Europe/Berlin'", "CREATE TABLE d (at timestamp PRIMARY KEY, w integer)", "INSERT INTO d VALUES ('2024-03-31 02:30', 1)",
                "CREATE TABLE o (id integer PRIMARY KEY, at timestamptz)", "INSERT INTO o VALUES (1, '2024-03-31 03:30')");
        view("v", "SELECT o.id, d.w FROM o JOIN d ON d.at = o.at").step("INSERT INTO d VALUES ('2024-03-31 03:30', 2)").matchesRecompute()
                .step("UPDATE d SET w = w + 1").matchesRecompute();
        view("u", "SELECT o.id, d.w FROM o, d WHERE d.at = '2024-03-31 03:30'::timestamptz").step("UPDATE d SET w = w + 1").matchesRecompute();
    }

    @ParameterizedTest
    @ValueSource(strings = {"l.id = o.l_id AND l.k = 10", "l.id = 1", "l.id = o.big", "l.id = '1'::bigint", "l.id = o.l_id AND o.big = 1",
            "d.day = '2024-01-01' AND d.code = 'x' AND l.id = 1"})
    void equalitiesThatCompareAsTheKeyDoesStillIdentify(String condition) {
        run("CREATE TABLE o (id integer PRIMARY KEY, l_id integer NOT NULL, big bigint)", "INSERT INTO o VALUES (1, 1, 1), (2, 1, 1), (3, 2, 2)",
                "CREATE TABLE d (code text, day date, PRIMARY KEY (code, day))", "INSERT INTO d VALUES ('x', '2024-01-01')");
        String from = condition.contains("d.") ? "o, l, d" : "o, l";
        view("SELECT o.id, l.v FROM " + from + " WHERE " + condition).step("UPDATE l SET v = v || '!'").matchesRecompute();
        assertThat(lines("SELECT pg_get_indexdef(indexrelid) ~ '\\(id\\)' FROM pg_index WHERE indrelid = 'v'::regclass AND indisunique")).containsExactly("t");
    }

    @Test
    void equalChangesOfATableJoinedWithItselfKeepTheirNumber() {
        run("CREATE TABLE t (a integer, b text)", "INSERT INTO t VALUES (NULL, 'x'), (NULL, 'y')");
        view("SELECT count(y.b) AS n, sum(z.a) AS s FROM t AS x JOIN t AS y ON x.a = y.a JOIN t AS z ON y.a = z.a")
                .step("UPDATE t SET a = 1, b = 'x'").delta("-1 | 0 | NULL", "+1 | 8 | 8").matchesRecompute()
                .step("INSERT INTO t SELECT * FROM t", "DELETE FROM t WHERE ctid = (SELECT min(ctid) FROM t)").delta("-1 | 8 | 8", "+1 | 27 | 27").matchesRecompute();
    }
}
