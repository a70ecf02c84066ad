// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.SqlSuite;
import io.pgtrickle.suite.oracle.Oracle;
import io.pgtrickle.suite.step.StreamTable;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The owner of a stream table tries to change its rows past the statements that a trigger refuses. */
class GuardIT extends SqlSuite {

    private static final String GROUPS = "SELECT g, sum(x) AS s, count(*) AS n FROM t GROUP BY g";

    GuardIT(Door door) {
        super(door);
    }

    @BeforeEach
    void source() {
        run("CREATE TABLE t (id integer PRIMARY KEY, g integer, x integer)", "INSERT INTO t VALUES (1, 1, 10), (2, 1, 20), (3, 2, 30)");
    }

    private void refused(String attempt) {
        assertThat(failure(attempt).text()).as(attempt).startsWith("trigger \"pgt_inherit_guard\" prevents table \"v\"");
    }

    @Test
    void aStreamTableGetsNoParent() {
        StreamTable v = view("SELECT id, g FROM t");
        run("CREATE TABLE nothing ()", "CREATE TABLE parent (id integer, g integer)",
                "CREATE TABLE parts (id integer, g integer) PARTITION BY RANGE (id)");
        refused("ALTER TABLE v INHERIT nothing");
        refused("ALTER TABLE v INHERIT parent");
        refused("ALTER TABLE parts ATTACH PARTITION v DEFAULT");
        v.step("INSERT INTO t VALUES (4, 4, 4)", "DELETE FROM t WHERE id = 1", "UPDATE t SET g = 7 WHERE id = 2").matchesRecompute();
    }

    @Test
    void whatWasChangedThroughAParentIsUndone() {
        run("CREATE TABLE nothing ()");
        for (String query : new String[] {"SELECT id, g FROM t", GROUPS}) {
            run("DROP MATERIALIZED VIEW IF EXISTS v");
            StreamTable v = view(query);
            run("DROP TRIGGER pgt_inherit_guard ON v", "ALTER TABLE v INHERIT nothing", "DELETE FROM nothing");
            assertThat(lines("SELECT * FROM v")).isEmpty();
            assertThat(failure("REFRESH MATERIALIZED VIEW v").text()).isEqualTo("stream table \"" + schema + ".v\" inherits from another table or is inherited from");
            v.anew("ALTER TABLE v NO INHERIT nothing").matchesRecompute();
            refused("ALTER TABLE v INHERIT nothing");
        }
    }

    @Test
    void rowsOfAChildAreNotTakenForItsOwn() {
        StreamTable v = view("SELECT id, g FROM t");
        run("CREATE TABLE child () INHERITS (v)", "INSERT INTO child VALUES (99, 99)");
        assertThat(failure("REFRESH MATERIALIZED VIEW v").sqlState()).isEqualTo("42P16");
        v.anew("DROP TABLE child").matchesRecompute();
    }

    @Test
    void rowsThatAlterTableRewroteAreComputedAnew() {
        StreamTable v = view("SELECT id, x FROM t");
        v.anew("ALTER TABLE v ALTER x TYPE integer USING x + 1000").matchesRecompute();
        v.anew("BEGIN; ALTER TABLE v ALTER x TYPE bigint USING x + 1000; ALTER TABLE v ALTER x TYPE integer; COMMIT", "INSERT INTO t VALUES (5, 5, 5)").matchesRecompute();
        v.step("INSERT INTO t VALUES (6, 6, 6)").matchesRecompute();
    }

    /** Nothing of the source's changes, so nothing but upkeep looks. */
    @Test
    void rewrittenRowsAreFoundByThemselves() {
        run("CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.schedule = '100ms') AS SELECT id, x FROM t",
                "ALTER TABLE v ALTER x TYPE integer USING x + 1000");
        Instant end = Instant.now().plus(Duration.ofSeconds(15));
        while (!Oracle.exact().compare(alice, "v", "SELECT id, x FROM t").isEmpty() && Instant.now().isBefore(end)) {
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
        Oracle.exact().check(alice, "v", "SELECT id, x FROM t");
    }

    /** A crash empties it, and nothing would tell. */
    @Test
    void anUnloggedStreamTableIsNotTrusted() {
        StreamTable v = view("SELECT id, x FROM t");
        run("ALTER TABLE v SET UNLOGGED", "REFRESH MATERIALIZED VIEW v");
        v.anew().matchesRecompute();
        v.anew("ALTER TABLE v SET LOGGED").matchesRecompute();
        v.step("INSERT INTO t VALUES (6, 6, 6)").matchesRecompute();
    }

    @Test
    void theStateOfAStreamTableIsGuardedAsItsRowsAre() {
        StreamTable v = view("SELECT g, sum(x) AS s, avg(x) AS a, max(x) AS m FROM t GROUP BY g");
        String state = "pgtrickle_state." + query("SELECT state_prefix || state_tables[1] FROM pgtrickle.pgt_stream_tables WHERE pgt_relid = 'v'::regclass").single();
        for (String attempt : new String[] {"DELETE FROM " + state, "UPDATE " + state + " SET g = 5", "INSERT INTO " + state + " SELECT * FROM " + state,
                "MERGE INTO " + state + " USING t ON false WHEN MATCHED THEN DELETE"}) {
            assertThat(failure(attempt).sqlState()).as(attempt).isEqualTo("42809");
        }
        v.step("INSERT INTO t VALUES (4, 1, 5), (5, 9, 9)", "DELETE FROM t WHERE id = 3").matchesRecompute();
        v.step("DELETE FROM t WHERE id = 5").matchesRecompute();
    }
}
