// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.Notice;
import io.pgtrickle.suite.SqlError;
import io.pgtrickle.suite.SqlSuite;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code DROP} and {@code REFRESH MATERIALIZED VIEW}, for stream tables, ordinary materialized views and both at once. */
class DropAndRefreshIT extends SqlSuite {

    DropAndRefreshIT(Door door) {
        super(door);
    }

    @BeforeEach
    void source() {
        run("CREATE TABLE t (id integer PRIMARY KEY, name text)", "INSERT INTO t VALUES (1, 'a'), (2, 'b')");
    }

    private boolean exists(String relation) {
        return query("SELECT to_regclass('" + relation + "')").single() != null;
    }

    @Test
    void contradictoryRefreshOptionsAreRefusedInPostgresWords() {
        run("CREATE TABLE contradicted (a int)", create("c", "SELECT a FROM contradicted"));
        SqlError error = failure("REFRESH MATERIALIZED VIEW CONCURRENTLY c WITH NO DATA");
        assertThat(error.sqlState()).isEqualTo("42601");
        assertThat(error.text()).isEqualTo("CONCURRENTLY and WITH NO DATA options cannot be used together");
    }

    @Test
    void anOwnerWhoDropsThePartsHimselfKeepsNobodysCleaningFromGoingOn() {
        run(create("one", "SELECT id FROM t"), create("two", "SELECT id FROM t"));
        String function = lines("SELECT format('pgtrickle_state.run_%s(text)', pgt_id) FROM pgtrickle.pgt_stream_tables WHERE pgt_schema = '"
                + schema + "' AND pgt_name = 'one'").getFirst();
        run("DROP FUNCTION " + function, "DROP TABLE one", "DROP TABLE two");
        String left = "SELECT count(*) FROM pgtrickle.pgt_stream_tables WHERE pgt_schema = '" + schema + "'";
        Instant end = Instant.now().plus(Duration.ofSeconds(20));
        while (!lines(left).equals(List.of("0")) && Instant.now().isBefore(end)) {
            LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
        }
        assertThat(lines(left)).containsExactly("0");
    }

    @Test
    void dropAnswersItsTagAndTakesEverythingAlong() {
        run(create("SELECT name, count(*) AS n FROM t GROUP BY name"));
        assertThat(query("DROP MATERIALIZED VIEW v").tag()).isEqualTo("DROP MATERIALIZED VIEW");
        assertThat(exists("v")).isFalse();
        assertThat(traces(superuser())).isEmpty();
        awaitNoCapture(lab);
        run("INSERT INTO t VALUES (3, 'c')");
    }

    @Test
    void aDroppedNameCanBeUsedAgain() {
        run(create("SELECT id FROM t"), "DROP MATERIALIZED VIEW v");
        view("SELECT name FROM t").step("INSERT INTO t VALUES (3, 'c')").delta("+1 | c").matchesRecompute();
    }

    @Test
    void captureStaysWhileAnotherStreamTableReadsTheSource() {
        run(create("v", "SELECT id FROM t"));
        var w = view("w", "SELECT name FROM t");
        run("INSERT INTO t VALUES (3, 'c')", "DROP MATERIALIZED VIEW v");
        w.step("INSERT INTO t VALUES (4, 'd')").delta("+1 | c", "+1 | d").matchesRecompute();
    }

    @Test
    void aMixedListDropsStreamTablesAndOrdinaryViews() {
        run(create("v", "SELECT id FROM t"), create("w", "SELECT name FROM t"), "CREATE MATERIALIZED VIEW m AS SELECT id FROM t");
        assertThat(query("DROP MATERIALIZED VIEW v, m, w").tag()).isEqualTo("DROP MATERIALIZED VIEW");
        assertThat(exists("v")).isFalse();
        assertThat(exists("m")).isFalse();
        assertThat(exists("w")).isFalse();
    }

    @Test
    void aListWithAMissingNameDropsNothing() {
        run(create("SELECT id FROM t"), "CREATE MATERIALIZED VIEW m AS SELECT id FROM t");
        SqlError error = failure("DROP MATERIALIZED VIEW v, missing, m");
        assertThat(error.sqlState()).isEqualTo("42P01");
        assertThat(error.text()).isEqualTo("materialized view \"missing\" does not exist");
        assertThat(exists("v")).isTrue();
        assertThat(exists("m")).isTrue();
    }

    @Test
    void ifExistsGivesANoticeForWhatIsMissing() {
        run(create("SELECT id FROM t"));
        alice.notices();
        assertThat(query("DROP MATERIALIZED VIEW IF EXISTS missing, v").tag()).isEqualTo("DROP MATERIALIZED VIEW");
        assertThat(alice.notices()).extracting(Notice::severity, Notice::message)
                .contains(tuple("NOTICE", "materialized view \"missing\" does not exist, skipping"));
        assertThat(exists("v")).isFalse();
    }

    @Test
    void aSchemaThatIsMissingIsWhatIsMissing() {
        run(create("SELECT id FROM t"));
        SqlError error = failure("DROP MATERIALIZED VIEW v, nowhere.missing");
        assertThat(error.sqlState()).isEqualTo("3F000");
        assertThat(error.text()).isEqualTo("schema \"nowhere\" does not exist");
        alice.notices();
        run("DROP MATERIALIZED VIEW IF EXISTS nowhere.missing, v");
        assertThat(alice.notices()).extracting(Notice::severity, Notice::message).contains(tuple("NOTICE", "schema \"nowhere\" does not exist, skipping"));
        assertThat(exists("v")).isFalse();
    }

    @Test
    void aNameMayTellItsDatabase() {
        String full = query("SELECT quote_ident(current_database()) || '.' || quote_ident(current_schema())").single() + ".v";
        assertThat(query("CREATE MATERIALIZED VIEW " + full + " WITH (pgtrickle.stream = true) AS SELECT id FROM t").tag()).startsWith("SELECT");
        run("INSERT INTO t VALUES (3, 'c')", "REFRESH MATERIALIZED VIEW " + full);
        assertThat(query("SELECT count(*) FROM v").single()).isEqualTo(query("SELECT count(*) FROM t").single());
        for (String statement : new String[] {"DROP MATERIALIZED VIEW elsewhere.s.v", "REFRESH MATERIALIZED VIEW elsewhere.s.v",
            "CREATE MATERIALIZED VIEW elsewhere.s.v WITH (pgtrickle.stream = true) AS SELECT id FROM t"}) {
            SqlError error = failure(statement);
            assertThat(error.sqlState()).isEqualTo("0A000");
            assertThat(error.text()).isEqualTo("cross-database references are not implemented: \"elsewhere.s.v\"");
        }
        run("DROP MATERIALIZED VIEW " + full);
        assertThat(exists("v")).isFalse();
    }

    @Test
    void aViewOnTheStreamTableHoldsItUnlessCascade() {
        run(create("SELECT id FROM t"), "CREATE VIEW top AS SELECT * FROM v");
        assertThat(failure("DROP MATERIALIZED VIEW v").sqlState()).isEqualTo("2BP01");
        assertThat(failure("DROP MATERIALIZED VIEW v RESTRICT").sqlState()).isEqualTo("2BP01");
        run("DROP MATERIALIZED VIEW v CASCADE");
        assertThat(exists("top")).isFalse();
    }

    @Test
    void aStreamTableOnTheStreamTableHoldsItUnlessCascade() {
        run(create("v", "SELECT id FROM t"), create("w", "SELECT count(*) AS n FROM v"));
        assertThat(failure("DROP MATERIALIZED VIEW v").sqlState()).isEqualTo("2BP01");
        assertThat(exists("w")).isTrue();
        run("DROP MATERIALIZED VIEW v CASCADE");
        assertThat(exists("w")).isFalse();
        assertThat(lines("SELECT pgt_name FROM pgtrickle.pgt_stream_tables")).isEmpty();
    }

    @Test
    void bothOfADependentPairCanBeDroppedInOneStatement() {
        run(create("v", "SELECT id FROM t"), create("w", "SELECT count(*) AS n FROM v"), "DROP MATERIALIZED VIEW v, w");
        assertThat(exists("v")).isFalse();
    }

    @Test
    void theSourceIsHeldByTheStreamTable() {
        run(create("SELECT id FROM t"));
        assertThat(failure("DROP TABLE t").sqlState()).isEqualTo("2BP01");
        assertThat(failure("ALTER TABLE t DROP COLUMN id").sqlState()).isEqualTo("2BP01");
    }

    @Test
    void anOrdinaryTableIsNotAMaterializedView() {
        run(create("SELECT id FROM t"));
        assertThat(failure("DROP MATERIALIZED VIEW t").sqlState()).isEqualTo("42809");
        SqlError refresh = failure("REFRESH MATERIALIZED VIEW t");
        assertThat(refresh.sqlState()).isEqualTo("0A000");
        assertThat(refresh.text()).isEqualTo("\"t\" is not a materialized view");
        assertThat(exists("t")).isTrue();
    }

    @Test
    void refreshAnswersItsTag() {
        run(create("SELECT id FROM t"), "INSERT INTO t VALUES (3, 'c')");
        assertThat(query("REFRESH MATERIALIZED VIEW v").tag()).isEqualTo("REFRESH MATERIALIZED VIEW");
        assertThat(lines("SELECT * FROM v ORDER BY 1")).containsExactly("1", "2", "3");
        run("DELETE FROM t WHERE id = 1");
        assertThat(query("REFRESH MATERIALIZED VIEW CONCURRENTLY v").tag()).isEqualTo("REFRESH MATERIALIZED VIEW");
        assertThat(lines("SELECT * FROM v ORDER BY 1")).containsExactly("2", "3");
    }

    @Test
    void anOrdinaryMaterializedViewIsRefreshedByPostgres() {
        run(create("SELECT id FROM t"), "CREATE MATERIALIZED VIEW m AS SELECT id FROM t", "INSERT INTO t VALUES (3, 'c')");
        assertThat(query("REFRESH MATERIALIZED VIEW m").tag()).isEqualTo("REFRESH MATERIALIZED VIEW");
        assertThat(lines("SELECT count(*) FROM m")).containsExactly("3");
        assertThat(failure("REFRESH MATERIALIZED VIEW CONCURRENTLY m").sqlState()).isEqualTo("55000");
        assertThat(query("DROP MATERIALIZED VIEW m").tag()).isEqualTo("DROP MATERIALIZED VIEW");
    }

    @Test
    void refreshingWhatDoesNotExistIsPostgresError() {
        run(create("SELECT id FROM t"));
        SqlError error = failure("REFRESH MATERIALIZED VIEW missing");
        assertThat(error.sqlState()).isEqualTo("42P01");
        assertThat(error.text()).isEqualTo("relation \"missing\" does not exist");
    }

    @Test
    void aRefreshWithoutChangesChangesNothing() {
        var v = view("SELECT name, count(*) AS n FROM t GROUP BY name");
        String images = lines("SELECT ctid, xmin, * FROM v ORDER BY name").toString();
        v.step().noDelta();
        v.step("UPDATE t SET name = name").noDelta();
        v.step("INSERT INTO t VALUES (9, 'z')", "DELETE FROM t WHERE id = 9").noDelta();
        assertThat(lines("SELECT ctid, xmin, * FROM v ORDER BY name").toString()).as("no row was rewritten").isEqualTo(images);
    }

    @Test
    void aReadOnlyTransactionNeitherMakesNorDropsAStreamTable() {
        run("CREATE TABLE ro (id integer PRIMARY KEY)", create("SELECT id FROM ro"));
        for (String command : new String[] {create("w", "SELECT id FROM ro"), "DROP MATERIALIZED VIEW v"}) {
            run("BEGIN READ ONLY");
            SqlError refused = failure(command);
            assertThat(refused.sqlState()).isEqualTo("25006");
            assertThat(refused.text()).isEqualTo("cannot execute " + command.substring(0, command.indexOf(' ')) + " MATERIALIZED VIEW in a read-only transaction");
            run("ROLLBACK");
        }
    }

    @Test
    void aReadOnlyTransactionRefreshesNothing() {
        run("CREATE TABLE ro (id integer PRIMARY KEY)", create("SELECT id FROM ro"), "BEGIN READ ONLY");
        SqlError refused = failure("REFRESH MATERIALIZED VIEW v");
        assertThat(refused.sqlState()).isEqualTo("25006");
        assertThat(refused.getMessage()).contains("cannot execute REFRESH MATERIALIZED VIEW in a read-only transaction");
        run("ROLLBACK", "BEGIN READ ONLY");
        assertThat(failure("SELECT pgtrickle.refresh_stream_table('v')").sqlState()).isEqualTo("25006");
        run("ROLLBACK");
    }

    private void eventuallyGone(String... relations) {
        Instant end = Instant.now().plus(Duration.ofSeconds(20));
        while (List.of(relations).stream().anyMatch(this::exists) && Instant.now().isBefore(end)) {
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
        assertThat(relations).noneMatch(this::exists);
    }

    private void eventuallyNoTraces() {
        try (Client direct = lab.direct()) {
            Instant end = Instant.now().plus(Duration.ofSeconds(20));
            while (!traces(direct).isEmpty() && Instant.now().isBefore(end)) {
                LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
            }
            assertThat(traces(direct)).isEmpty();
        }
    }

    @Test
    void aSourceDroppedWithCascadeTakesTheStreamTablesAlong() {
        run(create("v", "SELECT name, count(*) AS n FROM t GROUP BY name"), create("w", "SELECT sum(n) AS n FROM v"), "CREATE VIEW top AS SELECT * FROM w");
        run("CREATE MATERIALIZED VIEW often WITH (pgtrickle.stream = true, pgtrickle.schedule = '100ms') AS SELECT id FROM t");
        run("INSERT INTO t VALUES (3, 'c')", "DROP TABLE t CASCADE");
        eventuallyGone("v", "w", "top", "often");
        eventuallyNoTraces();
        awaitNoCapture(lab);
    }

    @Test
    void aColumnAViewOrAFunctionDroppedWithCascadeTakesTheStreamTablesAlong() {
        run("CREATE FUNCTION twice(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2'", "CREATE VIEW ids AS SELECT id FROM t");
        run(create("a", "SELECT name FROM t"), create("b", "SELECT id FROM ids"), create("c", "SELECT twice(id) AS id FROM t"), create("d", "SELECT id FROM t"));
        run("ALTER TABLE t DROP COLUMN name CASCADE", "DROP VIEW ids CASCADE", "DROP FUNCTION twice CASCADE");
        eventuallyGone("a", "b", "c");
        assertThat(exists("d")).isTrue();
        run("DROP MATERIALIZED VIEW d");
        eventuallyNoTraces();
    }

    @Test
    void theNameOfAStreamTableThatWentWithItsSourceCanBeUsedAtOnce() {
        run(create("SELECT id FROM t"), "DROP TABLE t CASCADE", "CREATE TABLE t (id integer)", "INSERT INTO t VALUES (7)");
        view("SELECT id FROM t").step("INSERT INTO t VALUES (8)").delta("+1 | 8").matchesRecompute();
        run("BEGIN", "DROP TABLE t CASCADE", "CREATE TABLE t (id integer)", "INSERT INTO t VALUES (9)", create("SELECT id FROM t"), "COMMIT");
        assertThat(lines("SELECT * FROM v")).containsExactly("9");
        run("DROP MATERIALIZED VIEW v");
        eventuallyNoTraces();
    }

    /** As upkeep does with one whose source has gone; what else there is of it stays for the next upkeep. */
    @Test
    void aDropThatWaitedWhileTheTableWentForgetsTheRest() throws Exception {
        run(create("SELECT id FROM t"));
        String lock = "pgtrickle_state.lock_" + lines("SELECT pgt_id FROM pgtrickle.pgt_stream_tables WHERE pgt_name = 'v'").getFirst();
        Client dropping = another();
        try (Client direct = lab.direct(); ExecutorService sessions = Executors.newVirtualThreadPerTaskExecutor()) {
            direct.run("BEGIN");
            direct.run("LOCK TABLE " + lock + " IN ACCESS EXCLUSIVE MODE");
            direct.run("DROP TABLE " + schema + ".v");
            Future<?> dropped = sessions.submit(() -> dropping.run("DROP MATERIALIZED VIEW v"));
            while (!dropped.isDone() && direct.query("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = '" + lock + "'::regclass").rows().isEmpty()) {
                LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
            }
            direct.run("COMMIT");
            dropped.get();
        }
        assertThat(traces(superuser())).isEmpty();
    }

    @Test
    void aStreamTableWhoseQueryAloneWasDroppedStays() {
        run("CREATE TABLE u (id integer)", create("v", "SELECT id FROM t"), create("w", "SELECT id FROM u"));
        run("DROP VIEW " + lines("SELECT format('pgtrickle_state.%I', state_prefix || '_query') FROM pgtrickle.pgt_stream_tables WHERE pgt_name = 'v'").getFirst());
        run("DROP TABLE u CASCADE");
        eventuallyGone("w");
        assertThat(lines("SELECT * FROM v ORDER BY 1")).containsExactly("1", "2");
        assertThat(failure("REFRESH MATERIALIZED VIEW v").sqlState()).isEqualTo("42P01");
        run("DROP MATERIALIZED VIEW v");
        eventuallyNoTraces();
    }

    /** Each sees what it would see of a materialized view; nobody is told of relations of ours. */
    @Test
    void manySessionsCreateDropAndRefreshOneName() {
        List<String> statements = List.of(create("SELECT id FROM t"), "DROP MATERIALIZED VIEW IF EXISTS v", "DROP MATERIALIZED VIEW v", "REFRESH MATERIALIZED VIEW v");
        // What a dozen sessions that CREATE TABLE v and DROP TABLE v hear from PostgreSQL alone.
        List<List<String>> usual = List.of(
                List.of("42P07: relation \"v\" already exists", "42710: type \"v\" already exists", "23505: duplicate key value violates unique constraint \"pg_type_typname_nsp_index\"",
                        "23505: duplicate key value violates unique constraint \"pg_class_relname_nsp_index\""),
                List.of(), List.of("42P01: materialized view \"v\" does not exist"), List.of("42P01: relation \"v\" does not exist"));
        Queue<String> unusual = new ConcurrentLinkedQueue<>();
        Instant end = Instant.now().plus(Duration.ofSeconds(6));
        try (ExecutorService sessions = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 12; i++) {
                Client client = another();
                int first = i;
                sessions.submit(() -> {
                    for (int n = first; Instant.now().isBefore(end); n++) {
                        int which = n % statements.size();
                        SqlError error = failure(client, statements.get(which));
                        if (error != null && !usual.get(which).contains(error.sqlState() + ": " + error.text())) {
                            unusual.add(statements.get(which) + ": " + error.getMessage());
                        }
                    }
                });
            }
        }
        assertThat(unusual.stream().distinct()).isEmpty();
    }
}
