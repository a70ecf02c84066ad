// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.Lab;
import io.pgtrickle.suite.SqlSuite;
import io.pgtrickle.suite.TestPostgres;
import io.pgtrickle.suite.oracle.Oracle;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sources with partitions, children and parents: changes come along every branch of the family, and the family changes. */
class PartitionsIT extends SqlSuite {

    PartitionsIT(Door door) {
        super(door);
    }

    private void partitioned() {
        run("CREATE TABLE t (id integer, k text, a integer) PARTITION BY LIST (k)", "CREATE TABLE ta PARTITION OF t FOR VALUES IN ('a')",
                "CREATE TABLE tx PARTITION OF t DEFAULT PARTITION BY RANGE (id)", "CREATE TABLE tx1 PARTITION OF tx DEFAULT",
                "INSERT INTO t SELECT i, 'a', i FROM generate_series(1, 200) AS i", "INSERT INTO t SELECT i, 'b', i FROM generate_series(201, 300) AS i");
    }

    private void matches(String query) {
        run("REFRESH MATERIALIZED VIEW v");
        Oracle.exact().check(alice, "v", query);
    }

    /** PostgreSQL shows the old row of such a move to no statement trigger, unless the MERGE deletes as well, and the new one only if it inserts. */
    @ParameterizedTest
    @ValueSource(strings = {
        "WHEN MATCHED THEN UPDATE SET k = s.k",
        "WHEN MATCHED THEN UPDATE SET k = s.k WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.k, -1)",
        "WHEN MATCHED AND s.id = 3 THEN DELETE WHEN MATCHED THEN UPDATE SET k = s.k",
        "WHEN MATCHED AND s.id = 3 THEN DELETE WHEN MATCHED THEN UPDATE SET k = s.k WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.k, -1)",
    })
    void mergeMovesRowsToOtherPartitions(String actions) {
        partitioned();
        String query = "SELECT k, count(*) AS n, sum(a) AS s FROM t GROUP BY k";
        view(query);
        run("MERGE INTO t USING (VALUES (1, 'b'), (2, 'a'), (3, 'a'), (201, 'a'), (202, 'c'), (900, 'z')) AS s (id, k) ON t.id = s.id " + actions);
        matches(query);
        run("CREATE FUNCTION merge_it() RETURNS void LANGUAGE plpgsql AS $$BEGIN MERGE INTO t USING (VALUES (5, 'c'), (205, 'a')) AS s (id, k) ON t.id = s.id "
                + actions + "; END$$");
        run("SELECT merge_it() /* no UPDATE */");
        matches(query);
    }

    @Test
    void mergesWithoutMovesAndMovesWithoutMergeStayIncremental() {
        partitioned();
        var v = view("SELECT id, k, a FROM t");
        v.step("MERGE INTO t USING (VALUES (901, 'z', 6), (1, 'a', 5)) AS s (id, k, a) ON t.id = s.id WHEN MATCHED AND s.a IS NULL THEN DELETE "
                + "WHEN MATCHED THEN UPDATE SET a = s.a, k = s.k WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.k, s.a)")
                .delta("-1 | 1 | a | 1", "+1 | 1 | a | 5", "+1 | 901 | z | 6").matchesRecompute();
        v.step("UPDATE t SET k = 'b' WHERE id = 2", "WITH w AS (SELECT 4 AS i) UPDATE t SET k = 'c' FROM w WHERE id = i")
                .delta("-1 | 2 | a | 2", "+1 | 2 | b | 2", "-1 | 4 | a | 4", "+1 | 4 | c | 4").matchesRecompute();
        v.step("MERGE INTO t USING (VALUES (5), (6)) AS s (id) ON t.id = s.id WHEN MATCHED AND s.id = 6 THEN DELETE WHEN MATCHED THEN UPDATE SET a = 0")
                .delta("-1 | 5 | a | 5", "+1 | 5 | a | 0", "-1 | 6 | a | 6").matchesRecompute();
        run("CREATE FUNCTION move_it() RETURNS void LANGUAGE plpgsql AS $$BEGIN UPDATE t SET k = 'd' WHERE id = 8; END$$");
        v.step("DO $$BEGIN PERFORM move_it(); END$$").delta("-1 | 8 | a | 8", "+1 | 8 | d | 8").matchesRecompute();
    }

    private static final String MOVE = "WHEN MATCHED THEN UPDATE SET k = 'moved'";

    /** Statements that contain each other look alike to triggers in many ways. */
    @ParameterizedTest
    @ValueSource(strings = {
        "INSERT INTO t SELECT 1000 + mud(5), 'a', 1",
        "INSERT INTO t VALUES (1000, 'a', 1) RETURNING mud(5)",
        "WITH ins AS (INSERT INTO t VALUES (2000, 'c', 3) RETURNING id) MERGE INTO t USING (SELECT id - 1990 AS id FROM ins) s ON t.id = s.id " + MOVE,
        "WITH ins AS (INSERT INTO t VALUES (2000, 'c', 3) RETURNING id) MERGE INTO t USING (SELECT 10 AS id) s ON t.id = s.id " + MOVE,
        "WITH c AS (MERGE INTO t USING (SELECT 21 AS id) s ON t.id = s.id " + MOVE + " WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'a', 1) RETURNING t.id) UPDATE t SET a = a + 1 WHERE id = 22",
        "WITH c AS (MERGE INTO t USING (SELECT 21 AS id) s ON t.id = s.id " + MOVE + " RETURNING t.id) UPDATE t SET k = 'b' FROM c WHERE t.id = c.id + 1",
        "WITH a AS (INSERT INTO t VALUES (2000, 'c', 3) RETURNING id), b AS (MERGE INTO t USING (SELECT 21 AS id) s ON t.id = s.id WHEN MATCHED AND t.a < 0 THEN DELETE "
                + MOVE + " RETURNING t.id) SELECT FROM a, b",
        "MERGE INTO t USING (SELECT i AS id FROM generate_series(221, 222) AS i) s ON t.id = s.id WHEN MATCHED THEN UPDATE SET k = CASE WHEN s.id = 221 THEN 'moved' ELSE t.k END",
        "MERGE INTO t USING (SELECT 31 AS id) s ON t.id = s.id " + MOVE,
        "MERGE INTO t USING (SELECT i AS id FROM generate_series(31, 32) AS i) s ON t.id = s.id WHEN MATCHED THEN UPDATE SET k = CASE WHEN s.id = 31 THEN 'moved' ELSE t.k END, a = upd(t.a)",
        "DO $$BEGIN EXECUTE 'UPDATE t SET a = a + 1 WHERE id = 200; MERGE INTO t USING (SELECT 201 AS id) s ON t.id = s.id " + "WHEN MATCHED THEN UPDATE SET k = ''moved''" + "'; END$$",
        "DELETE FROM t WHERE id = 40 AND mud(41) > 0",
        "UPDATE t SET k = 'b', a = mud(43) WHERE id = 42",
    })
    void aMoveAmidOtherStatements(String statement) {
        partitioned();
        run("CREATE FUNCTION mud(i integer) RETURNS integer LANGUAGE plpgsql AS $$BEGIN MERGE INTO t USING (SELECT i AS id) s ON t.id = s.id "
                + "WHEN MATCHED AND t.a < 0 THEN DELETE WHEN MATCHED THEN UPDATE SET k = 'moved'; RETURN i; END$$");
        run("CREATE FUNCTION upd(i integer) RETURNS integer LANGUAGE plpgsql AS $$BEGIN UPDATE t SET a = a + 1 WHERE id = 213; RETURN i; END$$");
        String query = "SELECT id, k, a FROM t";
        view(query);
        run(statement);
        matches(query);
        run("CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF pg_trigger_depth() = 1 THEN UPDATE t SET a = a + 1 WHERE id = 300; END IF; RETURN NULL; END$$");
        run("CREATE TRIGGER again AFTER UPDATE OR INSERT ON t FOR EACH ROW EXECUTE FUNCTION again()", "CREATE TRIGGER a_again AFTER UPDATE ON t FOR EACH STATEMENT EXECUTE FUNCTION again()");
        run("UPDATE t SET k = 'a' WHERE k = 'moved'");
        matches(query);
        run(statement.replace("1000", "1001").replace("2000", "2001"));
        matches(query);
    }

    /** Each of these runs one amid the other, and whatever the triggers note about the one must not be taken for the other. */
    @Test
    void statementsAmidStatements() {
        partitioned();
        String query = "SELECT k, count(*) AS n, sum(a) AS s FROM t GROUP BY k";
        run("CREATE FUNCTION inner_move() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF pg_trigger_depth() = 1 THEN "
                + "MERGE INTO t USING (VALUES (7, 'q'), (207, 'a')) AS s (id, k) ON t.id = s.id WHEN MATCHED THEN UPDATE SET k = s.k; END IF; RETURN NULL; END$$");
        run("CREATE TRIGGER z AFTER INSERT ON ta FOR EACH ROW EXECUTE FUNCTION inner_move()");
        run("CREATE FUNCTION f(i integer) RETURNS integer LANGUAGE plpgsql AS $$BEGIN "
                + "MERGE INTO t USING (VALUES (8, 'r')) AS s (id, k) ON t.id = s.id WHEN MATCHED THEN UPDATE SET k = s.k; RETURN i; END$$");
        view(query);
        run("INSERT INTO t VALUES (1000, 'a', 1)");
        matches(query);
        run("UPDATE t SET k = 'a', a = f(a) WHERE id = 210");
        matches(query);
        run("DELETE FROM t WHERE id = 211 AND f(a) IS NOT NULL", "BEGIN", "SAVEPOINT s");
        assertThat(failure("UPDATE t SET a = a / 0, k = 'x' WHERE id = 212").sqlState()).isEqualTo("22012");
        run("ROLLBACK TO s", "MERGE INTO t USING (VALUES (9, 'r')) AS s (id, k) ON t.id = s.id WHEN MATCHED THEN UPDATE SET k = s.k", "COMMIT");
        matches(query);
    }

    private void inOneTransaction(String script) {
        run("BEGIN");
        run(script.split(";\\s*"));
        run("COMMIT");
    }

    /** What a statement on a table above it does to a partition is captured, though at both ends the table has the same partitions. */
    @ParameterizedTest
    @ValueSource(strings = {
        "CREATE TABLE tn PARTITION OF t FOR VALUES IN ('n'); INSERT INTO t VALUES (900, 'n', 1), (901, 'a', 1); DROP TABLE tn",
        "CREATE TABLE tn PARTITION OF t FOR VALUES IN ('n'); UPDATE t SET k = 'n' WHERE id = 1; DROP TABLE tn",
        "CREATE TABLE tn PARTITION OF t FOR VALUES IN ('n'); MERGE INTO t USING (VALUES (900, 'n', 1)) AS s (id, k, a) ON t.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.k, s.a); "
                + "ALTER TABLE t DETACH PARTITION tn",
        "CREATE TABLE tn (id integer, k text, a integer); INSERT INTO tn VALUES (900, 'n', 5); ALTER TABLE t ATTACH PARTITION tn FOR VALUES IN ('n'); UPDATE t SET a = a + 1 WHERE k = 'n'; ALTER TABLE t DETACH PARTITION tn",
        "CREATE TABLE tn (id integer, k text, a integer); INSERT INTO tn VALUES (900, 'n', 5); ALTER TABLE t ATTACH PARTITION tn FOR VALUES IN ('n'); DELETE FROM t WHERE a = 5; ALTER TABLE t DETACH PARTITION tn",
        "CREATE TABLE tn PARTITION OF tx FOR VALUES FROM (5000) TO (6000); INSERT INTO tx VALUES (5000, 'n', 1); DROP TABLE tn",
        "CREATE TABLE tn PARTITION OF t FOR VALUES IN ('n') PARTITION BY RANGE (id); CREATE TABLE tn1 PARTITION OF tn DEFAULT; INSERT INTO t VALUES (5000, 'n', 1); DROP TABLE tn",
        "CREATE TABLE tn PARTITION OF t FOR VALUES IN ('n'); SAVEPOINT s; INSERT INTO t VALUES (900, 'n', 1); ROLLBACK TO s; INSERT INTO t VALUES (902, 'n', 1); DROP TABLE tn",
        "CREATE TABLE tn PARTITION OF t FOR VALUES IN ('n'); INSERT INTO t VALUES (900, 'n', 1); REFRESH MATERIALIZED VIEW v; ALTER TABLE t DETACH PARTITION tn; "
                + "CREATE TABLE tm PARTITION OF t FOR VALUES IN ('m'); INSERT INTO t VALUES (901, 'm', 1); REFRESH MATERIALIZED VIEW v; INSERT INTO t VALUES (902, 'm', 1); DROP TABLE tm; DROP TABLE tn",
        "ALTER TABLE t DETACH PARTITION ta; INSERT INTO ta VALUES (900, 'a', 1); ALTER TABLE t ATTACH PARTITION ta FOR VALUES IN ('a')",
    })
    void aPartitionComesAndGoes(String script) {
        partitioned();
        String query = "SELECT count(*) AS n, sum(a) AS s FROM t";
        view(query);
        inOneTransaction(script);
        matches(query);
        run("DROP MATERIALIZED VIEW v", "BEGIN", create(query));
        run(script.replace("90", "80").replace("CREATE TABLE tn ", "DROP TABLE IF EXISTS tn; CREATE TABLE tn ").split(";\\s*"));
        run("COMMIT");
        matches(query);
    }

    @Test
    void aPartitionThatIsKnownIsCapturedRowByRow() {
        partitioned();
        var v = view("SELECT id, k, a FROM t");
        v.anew("CREATE TABLE tn PARTITION OF t FOR VALUES IN ('n')", "INSERT INTO t VALUES (900, 'n', 1)").delta("+1 | 900 | n | 1").matchesRecompute();
        v.step("INSERT INTO t VALUES (901, 'n', 1)", "UPDATE t SET k = 'n' WHERE id = 1", "UPDATE t SET a = 2 WHERE id = 900", "INSERT INTO tn VALUES (902, 'n', 1)")
                .delta("+1 | 901 | n | 1", "-1 | 1 | a | 1", "+1 | 1 | n | 1", "-1 | 900 | n | 1", "+1 | 900 | n | 2", "+1 | 902 | n | 1").matchesRecompute();
    }

    @Test
    void triggersThatPartitionsHaveFromTheirTableAreRestored() {
        partitioned();
        var v = view("SELECT id, k, a FROM t");
        v.anew("ALTER TABLE ta DISABLE TRIGGER ALL", "ALTER TABLE tx DISABLE TRIGGER ALL").noDelta().matchesRecompute();
        run("MERGE INTO t USING (VALUES (1, 'b'), (201, 'a')) AS s (id, k) ON t.id = s.id WHEN MATCHED THEN UPDATE SET k = s.k");
        matches("SELECT id, k, a FROM t");
        v.anew("ALTER TABLE tx ENABLE TRIGGER ALL").noDelta().matchesRecompute();
        v.step("INSERT INTO t VALUES (900, 'a', 1), (901, 'b', 1)").delta("+1 | 900 | a | 1", "+1 | 901 | b | 1").matchesRecompute();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "CREATE TABLE n () INHERITS (t); INSERT INTO n VALUES (900, 1); UPDATE t SET k = k + 1; DROP TABLE n",
        "CREATE TABLE n () INHERITS (t); INSERT INTO n VALUES (900, 1); UPDATE t SET k = k + 1; DROP TABLE n; ANALYZE t",
        "CREATE TABLE n (id integer NOT NULL, k integer); INSERT INTO n VALUES (1, 1); ALTER TABLE n INHERIT t; DELETE FROM t WHERE id = 1; ALTER TABLE n NO INHERIT t; ANALYZE t",
        "CREATE TEMPORARY TABLE n () INHERITS (t); INSERT INTO n VALUES (900, 1); UPDATE t SET k = k + 1; DROP TABLE n; ANALYZE t",
        "ALTER TABLE t INHERIT p; DELETE FROM p WHERE id < 5; ALTER TABLE t NO INHERIT p",
    })
    void aChildOrParentComesAndGoes(String script) {
        run("CREATE TABLE p (id integer)", "CREATE TABLE t (id integer PRIMARY KEY, k integer)", "INSERT INTO t SELECT i, i % 3 FROM generate_series(1, 50) AS i");
        String query = "SELECT k, count(*) AS n, sum(id) AS s FROM t GROUP BY k";
        view(query);
        inOneTransaction(script);
        matches(query);
        run("DROP MATERIALIZED VIEW v", "DROP TABLE IF EXISTS n", "BEGIN", create(query));
        run(script.replace("id < 5", "id < 9").replace("id = 1", "id = 10").replace("(1, 1)", "(10, 1)").split(";\\s*"));
        run("COMMIT");
        matches(query);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "CREATE TABLE n () INHERITS (t); INSERT INTO n VALUES (900); UPDATE t SET id = id + 1000; DROP TABLE n",
        "CREATE TABLE n () INHERITS (c); INSERT INTO n VALUES (900); UPDATE c SET id = id + 1000; DROP TABLE n",
        "ALTER TABLE c INHERIT q; DELETE FROM q WHERE id = 2; ALTER TABLE c NO INHERIT q",
        "ALTER TABLE c NO INHERIT t; INSERT INTO c VALUES (3); ALTER TABLE c INHERIT t",
    })
    void aFamilyIsAnotherForAWhile(String script) {
        run("CREATE TABLE q (id integer)", "CREATE TABLE t (id integer)", "CREATE TABLE c () INHERITS (t)", "INSERT INTO t VALUES (1)", "INSERT INTO c VALUES (2)");
        String query = "SELECT count(*) AS n, sum(id) AS s FROM t";
        var v = view(query);
        inOneTransaction(script);
        matches(query);
        run("INSERT INTO c VALUES (4)", "UPDATE t SET id = 5 WHERE id = 1");
        matches(query);
        v.step("UPDATE t SET id = id + 1 WHERE id < 10", "INSERT INTO c VALUES (6)").matchesRecompute();
        run("DROP MATERIALIZED VIEW v", "BEGIN", create(query));
        run(script.replace("id = 2", "id = 6").split(";\\s*"));
        run("COMMIT");
        matches(query);
    }

    @Test
    void rowsOfAnUnloggedMemberMayVanish() {
        partitioned();
        view("SELECT id, k, a FROM t");
        String mode = "SELECT effective_refresh_mode FROM pgtrickle.pgt_stream_tables WHERE pgt_name = 'v' AND pgt_schema = current_schema";
        run("ALTER TABLE ta SET UNLOGGED", "REFRESH MATERIALIZED VIEW v", "INSERT INTO t VALUES (901, 'a', 1)");
        matches("SELECT id, k, a FROM t");
        assertThat(lines(mode)).containsExactly("FULL");
        run("ALTER TABLE ta SET LOGGED", "REFRESH MATERIALIZED VIEW v", "INSERT INTO t VALUES (900, 'a', 1)");
        matches("SELECT id, k, a FROM t");
        assertThat(lines(mode)).containsExactly("DIFFERENTIAL");
        run("CREATE TABLE p (id integer)", "CREATE UNLOGGED TABLE c () INHERITS (p)");
        assertThat(failure(create("w", "SELECT id FROM p")).sqlState()).isEqualTo("0A000");
    }

    @Test
    void aMemberComputesAColumnInItsOwnWay() {
        run("CREATE TABLE t (k integer, a integer, g integer GENERATED ALWAYS AS (a * 2) STORED) PARTITION BY LIST (k)", "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1)",
                "CREATE TABLE p (a integer, g integer GENERATED ALWAYS AS (a * 2) STORED)", "CREATE TABLE c () INHERITS (p)", "INSERT INTO t (k, a) VALUES (1, 1)", "INSERT INTO c (a) VALUES (1)");
        var v = view("SELECT a, g FROM t");
        v.anew("ALTER TABLE t1 ALTER g SET EXPRESSION AS (a * 7)").delta("-1 | 1 | 2", "+1 | 1 | 7").matchesRecompute();
        v.step("INSERT INTO t (k, a) VALUES (1, 2)").delta("+1 | 2 | 14").matchesRecompute();
        v.anew("BEGIN", "ALTER TABLE t1 ALTER g SET EXPRESSION AS (a * 9)", "INSERT INTO t (k, a) VALUES (1, 3)", "ALTER TABLE t1 ALTER g SET EXPRESSION AS (a * 7)", "COMMIT")
                .delta("+1 | 3 | 21").matchesRecompute();
        view("w", "SELECT a, g FROM p").anew("ALTER TABLE c ALTER g SET EXPRESSION AS (a * 7)").delta("-1 | 1 | 2", "+1 | 1 | 7").matchesRecompute();
    }

    @Test
    void aParentComesLater() {
        run("CREATE TABLE t (id integer PRIMARY KEY, k integer)", "INSERT INTO t SELECT i, i FROM generate_series(1, 50) AS i");
        view("SELECT id, k FROM t");
        run("CREATE TABLE p (id integer, k integer)", "ALTER TABLE t INHERIT p");
        matches("SELECT id, k FROM t");
        run("UPDATE p SET k = -1 WHERE id = 1", "DELETE FROM p WHERE id = 2");
        matches("SELECT id, k FROM t");
    }

    @Test
    void aRootComesLater() {
        partitioned();
        view("SELECT id, k, a FROM t");
        run("CREATE TABLE root (id integer, k text, a integer) PARTITION BY RANGE (id)", "ALTER TABLE root ATTACH PARTITION t DEFAULT");
        matches("SELECT id, k, a FROM t");
        run("INSERT INTO root VALUES (500, 'a', 1)", "UPDATE root SET a = 0 WHERE id = 1");
        matches("SELECT id, k, a FROM t");
    }

    @Test
    void aChildHasAnotherParent() {
        run("CREATE TABLE p (id integer)", "CREATE TABLE q (id integer)", "CREATE TABLE c () INHERITS (p)", "INSERT INTO c VALUES (1), (2)");
        view("SELECT id FROM p");
        run("ALTER TABLE c INHERIT q");
        matches("SELECT id FROM p");
        run("UPDATE q SET id = 10 WHERE id = 1");
        matches("SELECT id FROM p");
    }

    @Test
    void aGrandchildLeavesWhileSomebodyWritesIntoIt() {
        run("CREATE TABLE t (id integer)", "CREATE TABLE c () INHERITS (t)", "CREATE TABLE g () INHERITS (c)");
        view("SELECT id FROM t");
        Client writer = another();
        writer.run("BEGIN");
        writer.run("INSERT INTO g VALUES (1)");
        run("ALTER TABLE c NO INHERIT t");
        CompletableFuture<Void> refresh = CompletableFuture.runAsync(() -> run("REFRESH MATERIALIZED VIEW v"));
        LockSupport.parkNanos(Duration.ofMillis(300).toNanos());
        writer.run("COMMIT");
        refresh.join();
        matches("SELECT id FROM t");
        writer.run("INSERT INTO g VALUES (2)");
        matches("SELECT id FROM t");
    }

    @Test
    void aPartitionThatIsBeingDetached() {
        partitioned();
        view("SELECT id, k, a FROM t");
        run("DROP TABLE tx", "CREATE TABLE tb PARTITION OF t FOR VALUES IN ('b')", "INSERT INTO t VALUES (1001, 'b', 1)");
        matches("SELECT id, k, a FROM t");
        Client reader = another();
        reader.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
        reader.run("SELECT count(*) FROM t");
        run("SET statement_timeout = '300ms'");
        assertThat(failure("ALTER TABLE t DETACH PARTITION tb CONCURRENTLY").sqlState()).isEqualTo("57014");
        run("SET statement_timeout = '30s'");
        reader.run("ROLLBACK");
        matches("SELECT id, k, a FROM t");
        run("INSERT INTO tb VALUES (1002, 'b', 1)");
        matches("SELECT id, k, a FROM t");
        run("ALTER TABLE t DETACH PARTITION tb FINALIZE");
        matches("SELECT id, k, a FROM t");
    }

    @Test
    void aSubscriptionComesLater() {
        TestPostgres postgres = TestPostgres.shared();
        String publisher = postgres.createDatabase();
        run("CREATE TABLE t (id integer PRIMARY KEY, a integer)", "INSERT INTO t VALUES (1, 1), (2, 2)");
        view("SELECT id, a FROM t");
        String slot = "slot_" + schema;
        try (Client there = Lab.direct(publisher); Client here = lab.direct()) {
            there.run("CREATE SCHEMA " + schema);
            there.run("CREATE TABLE " + schema + ".t (id integer PRIMARY KEY, a integer)");
            there.run("CREATE PUBLICATION p FOR TABLE " + schema + ".t");
            there.run("SELECT pg_create_logical_replication_slot('" + slot + "', 'pgoutput')");
            here.run("CREATE SUBSCRIPTION " + slot + " CONNECTION 'host=127.0.0.1 port=" + here.query("SHOW port").single() + " user=" + postgres.user()
                    + " dbname=" + publisher + " password=" + postgres.password() + "' PUBLICATION p WITH (create_slot = false, slot_name = '" + slot + "')");
            try {
                there.run("INSERT INTO " + schema + ".t VALUES (10, 10)");
                await(here, "10");
                matches("SELECT id, a FROM t");
                there.run("UPDATE " + schema + ".t SET a = 11");
                await(here, "11");
                matches("SELECT id, a FROM t");
            } finally {
                here.run("DROP SUBSCRIPTION " + slot);
            }
        }
        matches("SELECT id, a FROM t");
    }

    private void await(Client here, String value) {
        for (int i = 0; i < 1000 && here.query("SELECT 1 FROM " + schema + ".t WHERE id = 10 AND a = " + value).rows().isEmpty(); i++) {
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
        assertThat(here.query("SELECT a FROM " + schema + ".t WHERE id = 10").single()).isEqualTo(value);
    }
}
