// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.EngineOnly;
import io.pgtrickle.suite.SqlSuite;
import io.pgtrickle.suite.oracle.Oracle;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** From the second manual refresh on the engine sends along what it expects to run. Here its expectation is wrong each time. */
@EngineOnly
class RepeatedRefreshIT extends SqlSuite {

    private static final String QUERY = "SELECT id, g, x FROM t WHERE x > 0";

    RepeatedRefreshIT(Door door) {
        super(door);
    }

    @BeforeEach
    void refreshedTwice() {
        run("CREATE TABLE t (id integer PRIMARY KEY, g text, x integer)", "INSERT INTO t SELECT i, 'g' || i % 3, i FROM generate_series(1, 2000) AS i", create(QUERY));
        for (int i = 0; i < 2; i++) {
            run("UPDATE t SET x = x + 1 WHERE id <= 20");
            refreshed("v", QUERY, "DIFFERENTIAL");
        }
    }

    private void refreshed(String name, String query, String action) {
        run("REFRESH MATERIALIZED VIEW " + name);
        Oracle.exact().check(alice, name, query);
        assertThat(query("""
                SELECT h.action FROM pgtrickle.pgt_refresh_history h JOIN pgtrickle.pgt_stream_tables t USING (pgt_id)
                WHERE t.pgt_relid = '%s'::regclass ORDER BY h.refresh_id DESC LIMIT 1""".formatted(name)).single()).isEqualTo(action);
    }

    private void behindTheBack(String sql) {
        try (Client direct = lab.direct()) {
            direct.run("SET search_path = " + schema);
            direct.run(sql);
        }
    }

    @Test
    void stillDifferential() {
        run("DELETE FROM t WHERE id <= 10", "INSERT INTO t VALUES (5000, 'new', 1)");
        refreshed("v", QUERY, "DIFFERENTIAL");
    }

    @Test
    void nothingToDo() {
        run("REFRESH MATERIALIZED VIEW v", "REFRESH MATERIALIZED VIEW v");
        Oracle.exact().check(alice, "v", QUERY);
    }

    @Test
    void mostOfTheTableChanged() {
        run("UPDATE t SET x = x + 1");
        refreshed("v", QUERY, "FULL");
    }

    @Test
    void aTruncatedSource() {
        run("TRUNCATE t", "INSERT INTO t VALUES (1, 'a', 1)");
        refreshed("v", QUERY, "FULL");
    }

    @Test
    void anAlteredSource() {
        run("ALTER TABLE t ALTER x SET NOT NULL", "UPDATE t SET x = x + 1 WHERE id = 1");
        refreshed("v", QUERY, "REINITIALIZE");
    }

    @Test
    void twoStreamTablesThatSwappedTheirNames() {
        String other = "SELECT id, g, x FROM t WHERE x > 1000";
        run("CREATE MATERIALIZED VIEW w WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS " + other);
        for (int i = 0; i < 2; i++) {
            run("UPDATE t SET x = x + 1 WHERE id <= 20");
            refreshed("v", QUERY, "DIFFERENTIAL");
            refreshed("w", other, "DIFFERENTIAL");
        }
        run("ALTER TABLE v RENAME TO u", "ALTER TABLE w RENAME TO v", "ALTER TABLE u RENAME TO w", "UPDATE t SET x = x + 990 WHERE id <= 20");
        refreshed("v", other, "DIFFERENTIAL");
        refreshed("w", QUERY, "DIFFERENTIAL");
    }

    @Test
    void anotherSchema() {
        String elsewhere = schema + "_elsewhere";
        run("CREATE SCHEMA " + elsewhere, "ALTER TABLE v SET SCHEMA " + elsewhere, "UPDATE t SET x = x + 1 WHERE id <= 20");
        refreshed(elsewhere + ".v", QUERY, "DIFFERENTIAL");
        run("DROP MATERIALIZED VIEW " + elsewhere + ".v", "DROP SCHEMA " + elsewhere);
    }

    @Test
    void changesOfItsOwnTransactionBeforeAndAfter() {
        run("BEGIN", "UPDATE t SET x = x + 1 WHERE id = 7", "REFRESH MATERIALIZED VIEW v", "UPDATE t SET x = x + 1 WHERE id = 8", "COMMIT");
        refreshed("v", QUERY, "DIFFERENTIAL");
    }

    @Test
    void rowsThatDoNotFitTheChangesMeanThatItIsComputedAnew() {
        behindTheBack("ALTER TABLE v DISABLE TRIGGER pgt_dml_guard; DELETE FROM v WHERE id = 3; ALTER TABLE v ENABLE ALWAYS TRIGGER pgt_dml_guard");
        // A disabled guard alone would be noticed.
        behindTheBack("UPDATE pgtrickle.pgt_stream_tables SET table_fingerprint = pgtrickle.pgt_table_fingerprint('v'::regclass)"
                + " WHERE pgt_relid = 'v'::regclass");
        run("DELETE FROM t WHERE id = 3");
        refreshed("v", QUERY, "REINITIALIZE");
    }

    @Test
    void aRowTooManyThatOnlyTheUniqueIndexSees() {
        behindTheBack("INSERT INTO pgtrickle_changes.changes_" + query("SELECT 't'::regclass::oid").single()
                + " (__pgt_xid, __pgt_w, id, g, x) SELECT pg_current_xact_id(), 1, 5, 'twice', 5");
        run("UPDATE t SET x = x + 1 WHERE id = 5");
        refreshed("v", QUERY, "REINITIALIZE");
    }

    @Test
    void aWriterOfTheBufferKeepsNobodyWaitingBehindUpkeep() {
        run("SET lock_timeout = '1s'");
        // Dead pages at the end of the buffer that a VACUUM can remove only later, when somebody else uses the buffer.
        Client first = another();
        first.run("BEGIN");
        first.run("UPDATE t SET x = x + 1 WHERE id = 100");
        run("UPDATE t SET x = x + 1 WHERE id BETWEEN 200 AND 500", "REFRESH MATERIALIZED VIEW v");
        awaitEmptyBuffer("(SELECT count(*) FROM %s)");
        Client writer = another();
        writer.run("BEGIN");
        writer.run("UPDATE t SET x = x WHERE id <= 3"); // changes nothing, but its trigger locks the buffer
        first.run("COMMIT");
        run("REFRESH MATERIALIZED VIEW v");
        for (int i = 0; i < 10; i++) {
            behindTheBack("UPDATE pgtrickle.pgt_stream_tables SET needs_reinit = true WHERE pgt_relid = 'v'::regclass");
            refreshed("v", QUERY, "REINITIALIZE");
            LockSupport.parkNanos(Duration.ofMillis(200).toNanos());
        }
        writer.run("COMMIT");
    }

    @Test
    void buffersAreCleanedThoughNothingIsScheduled() {
        run("UPDATE t SET x = x + 1 WHERE id <= 100", "REFRESH MATERIALIZED VIEW v");
        awaitEmptyBuffer("pg_relation_size('%s')");
    }

    private void awaitEmptyBuffer(String measure) {
        String size = "SELECT " + measure.formatted("pgtrickle_changes.changes_" + query("SELECT 't'::regclass::oid").single());
        try (Client direct = lab.direct()) {
            for (int i = 0; i < 1000 && !"0".equals(direct.query(size).single()); i++) {
                LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
            }
            assertThat(direct.query(size).single()).isEqualTo("0");
        }
    }

    @Test
    void aValueThatCameAndWentIsNoError() {
        run("CREATE TABLE p (id integer PRIMARY KEY, a integer)", "INSERT INTO p VALUES (1, 1), (2, 5)", create("q", "SELECT id, 10 / a AS q FROM p"),
                create("s", "SELECT sum(10 / a) AS s FROM p"));
        run("INSERT INTO p VALUES (3, 0)", "DELETE FROM p WHERE id = 3", "UPDATE p SET a = 2 WHERE id = 1");
        refreshed("q", "SELECT id, 10 / a AS q FROM p", "REINITIALIZE");
        refreshed("s", "SELECT sum(10 / a) AS s FROM p", "REINITIALIZE");
        run("INSERT INTO p VALUES (4, 0)");
        assertThat(failure("REFRESH MATERIALIZED VIEW q").sqlState()).isEqualTo("22012");
        run("DELETE FROM p WHERE id = 4");
        refreshed("q", "SELECT id, 10 / a AS q FROM p", "REINITIALIZE");
    }

    @Test
    void aUniqueIndexOfTheUsersWhoseValuesAreSwapped() {
        String query = "SELECT id, x FROM u";
        String sums = "SELECT id % 2 AS k, sum(x) AS s FROM u GROUP BY id % 2";
        run("CREATE TABLE u (id integer PRIMARY KEY, x integer)", "INSERT INTO u VALUES (1, 10), (2, 20)", create("uv", query), create("us", sums),
                "CREATE UNIQUE INDEX ON uv (x)", "CREATE UNIQUE INDEX ON us (s)");
        for (int i = 0; i < 2; i++) {
            run("UPDATE u SET x = 30 - x");
            refreshed("uv", query, "REINITIALIZE");
            refreshed("us", sums, "REINITIALIZE");
        }
        run("DELETE FROM u WHERE id = 2", "INSERT INTO u VALUES (4, 20)");
        refreshed("uv", query, "REINITIALIZE");
        assertThat(lines("SELECT indisvalid FROM pg_index WHERE indrelid = 'uv'::regclass")).containsOnly("t");
    }

    @Test
    void theRefreshingSessionsSettingsDoNotShow() {
        String constant = "SELECT id, '{NULL,x}'::text[] AS a FROM t WHERE id < 10";
        run(create("c", constant), "SET array_nulls = off", "INSERT INTO t VALUES (0, 'new', 1)", "REFRESH MATERIALIZED VIEW c", "RESET array_nulls");
        Oracle.exact().check(alice, "c", constant);
    }
}
