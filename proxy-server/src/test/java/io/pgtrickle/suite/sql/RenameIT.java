// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.SqlSuite;
import io.pgtrickle.suite.oracle.Oracle;
import io.pgtrickle.suite.step.StreamTable;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sources, their schemas and what queries call may be renamed: a query means what it meant, as in PostgreSQL's views. */
class RenameIT extends SqlSuite {

    private final String before = schema + "_before";
    private final String after = schema + "_after";

    RenameIT(Door door) {
        super(door);
    }

    @BeforeEach
    void source() {
        run("CREATE SCHEMA " + before, "CREATE TABLE " + before + ".t (id integer PRIMARY KEY, v integer)", "INSERT INTO " + before + ".t VALUES (1, 10), (2, 20)");
    }

    @AfterEach
    void dropSchemas() {
        run("DROP MATERIALIZED VIEW IF EXISTS v");
        try (Client direct = lab.direct()) {
            direct.run("DROP SCHEMA IF EXISTS " + before + ", " + after + " CASCADE");
        }
    }

    private void renameSchema() {
        run("ALTER SCHEMA " + before + " RENAME TO " + after);
    }

    private StreamTable over(String text) {
        return view(text.replace("@", before));
    }

    /** Refreshed and compared with the query under the new names. */
    private void exactly(String text) {
        run("REFRESH MATERIALIZED VIEW v");
        new StreamTable(alice, "v", text.replace("@", after), Oracle.exact()).matchesRecompute();
    }

    @Test
    void theSchemaOfASourceIsRenamed() {
        String query = "SELECT a.v, max(b.id) AS m, count(*) AS n FROM @.t a JOIN @.t b ON a.v <= b.v GROUP BY a.v";
        over(query);
        renameSchema();
        exactly(query);
        run("INSERT INTO " + after + ".t VALUES (3, 10)");
        exactly(query);
        run("DELETE FROM " + after + ".t WHERE id = 3", "INSERT INTO " + after + ".t VALUES (4, 40)");
        exactly(query);
    }

    @Test
    void theSchemaOfASourceIsRenamedWhileChangesWait() {
        String query = "SELECT a.id, b.v FROM @.t a JOIN @.t b ON a.v < b.v";
        over(query);
        run("INSERT INTO " + before + ".t VALUES (3, 30)");
        renameSchema();
        run("UPDATE " + after + ".t SET v = 11 WHERE id = 1");
        exactly(query);
        run("DELETE FROM " + after + ".t WHERE id = 2");
        exactly(query);
    }

    @Test
    void aSourceGetsAnotherSchemaAndAnotherName() {
        over("SELECT id, v FROM @.t");
        run("CREATE SCHEMA " + after, "INSERT INTO " + before + ".t VALUES (3, 30)", "ALTER TABLE " + before + ".t SET SCHEMA " + after);
        exactly("SELECT id, v FROM @.t");
        run("ALTER TABLE " + after + ".t RENAME TO u", "INSERT INTO " + after + ".u VALUES (4, 40)");
        exactly("SELECT id, v FROM @.u");
    }

    @Test
    void theStreamTableItselfMoves() {
        run("CREATE MATERIALIZED VIEW " + before + ".w WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS SELECT v, count(*) AS n FROM " + before + ".t GROUP BY v");
        renameSchema();
        run("INSERT INTO " + after + ".t VALUES (3, 10)", "REFRESH MATERIALIZED VIEW " + after + ".w");
        new StreamTable(alice, after + ".w", "SELECT v, count(*) AS n FROM " + after + ".t GROUP BY v", Oracle.exact()).matchesRecompute();
        run("DROP MATERIALIZED VIEW " + after + ".w");
    }

    @Test
    void theSchemaOfAFunctionIsRenamed() {
        run("CREATE TABLE s (id integer PRIMARY KEY)", "INSERT INTO s VALUES (1)",
                "CREATE FUNCTION " + before + ".twice(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2'");
        over("SELECT id, @.twice(id) AS twice FROM s");
        renameSchema();
        run("INSERT INTO s VALUES (2)");
        exactly("SELECT id, @.twice(id) AS twice FROM s");
    }

    @Test
    void theSchemaOfTypesOperatorsAndCollationsIsRenamed() {
        run("CREATE TYPE " + before + ".mood AS ENUM ('sad', 'ok')", "CREATE COLLATION " + before + ".c (locale = 'C')",
                "CREATE OPERATOR " + before + ".<+> (FUNCTION = int4pl, LEFTARG = integer, RIGHTARG = integer)",
                "CREATE TABLE s (id integer PRIMARY KEY, m " + before + ".mood, a text)", "INSERT INTO s VALUES (1, 'sad', 'x')");
        String query = "SELECT m, max(a COLLATE @.c) AS a, sum(id OPERATOR(@.<+>) 1) AS i, count(*) AS n FROM s WHERE m < 'ok'::@.mood OR id > 1 GROUP BY m";
        over(query);
        renameSchema();
        run("INSERT INTO s VALUES (2, 'ok', 'y'), (3, 'sad', 'z')");
        exactly(query);
    }

    @Test
    void aViewInBetweenIsRenamed() {
        run("CREATE VIEW " + before + ".big AS SELECT id, v FROM " + before + ".t WHERE v > 5");
        over("SELECT v, count(*) AS n FROM @.big GROUP BY v");
        run("INSERT INTO " + before + ".t VALUES (3, 10)");
        renameSchema();
        run("ALTER VIEW " + after + ".big RENAME TO large");
        exactly("SELECT v, count(*) AS n FROM @.large GROUP BY v");
    }

    @Test
    void theSchemaOfATypeInABagIsRenamed() {
        run("CREATE TYPE " + before + ".mood AS ENUM ('sad', 'ok')", "CREATE TABLE s (m " + before + ".mood)", "INSERT INTO s VALUES ('sad'), ('sad')");
        over("SELECT m FROM s");
        renameSchema();
        run("INSERT INTO s VALUES ('ok'), ('sad')");
        exactly("SELECT m FROM s");
        run("DELETE FROM s WHERE m = 'ok'");
        exactly("SELECT m FROM s");
    }

    /** As an ordinary REFRESH, which knows its sources by OID. */
    @ParameterizedTest
    @CsvSource({"RENAME TO u, READ COMMITTED", "SET SCHEMA #, READ COMMITTED", "RENAME TO u, REPEATABLE READ", "SET SCHEMA #, REPEATABLE READ"})
    void aRefreshWaitsForWhoeverRenames(String change, String isolation) {
        over("SELECT id, v FROM @.t");
        run("CREATE SCHEMA " + after, "INSERT INTO " + before + ".t VALUES (3, 30)");
        Client other = another();
        other.run("BEGIN");
        other.run("ALTER TABLE " + before + ".t " + change.replace("#", after));
        run("BEGIN ISOLATION LEVEL " + isolation, "CREATE TABLE mark ()");
        CompletableFuture<Void> refreshed = CompletableFuture.runAsync(() -> run("REFRESH MATERIALIZED VIEW v", "COMMIT"));
        try (Client direct = lab.direct()) {
            while (!refreshed.isDone() && direct.query("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = '" + before + ".t'::regclass").rows().isEmpty()) {
                LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
            }
        }
        other.run("COMMIT");
        boolean done = refreshed.handle((_, error) -> error == null).join();
        if (!done) { // in one snapshot, when upkeep has noticed the renaming first
            assertThatThrownBy(refreshed::join).hasMessageContaining("40001");
            assertThat(isolation).isEqualTo("REPEATABLE READ");
            run("ROLLBACK", "CREATE TABLE mark ()", "REFRESH MATERIALIZED VIEW v");
        }
        new StreamTable(alice, "v", "SELECT id, v FROM " + (change.startsWith("SET") ? after + ".t" : before + ".u"), Oracle.exact()).matchesRecompute();
        run("TABLE mark");
    }
}
