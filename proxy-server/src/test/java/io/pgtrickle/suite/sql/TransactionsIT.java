// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.Reply;
import io.pgtrickle.suite.SqlSuite;
import io.pgtrickle.suite.oracle.Oracle;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Our statements live in the client's own transaction: its snapshot, its savepoints, its failures. */
class TransactionsIT extends SqlSuite {

    private static final String SUMS = "SELECT g, count(*) AS n, sum(x) AS total FROM t GROUP BY g";

    TransactionsIT(Door door) {
        super(door);
    }

    @BeforeEach
    void source() {
        run("CREATE TABLE t (g text, x integer)", "INSERT INTO t VALUES ('a', 1), ('a', 2), ('b', 3)");
    }

    /** Everything in the database that a statement could leave, the test's own schema included. */
    private List<String> everything() {
        try (Client direct = lab.direct()) {
            return direct.query("""
                    SELECT c.oid || ' ' || c.relname || ' ' || c.relkind::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                     WHERE n.nspname IN ('pgtrickle_state', 'pgtrickle_changes', '%1$s')
                    UNION ALL SELECT tgname FROM pg_trigger WHERE tgrelid = '%1$s.t'::regclass
                    UNION ALL SELECT p.oid || ' ' || proname FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
                     WHERE nspname IN ('pgtrickle_state', 'pgtrickle_changes')
                    UNION ALL SELECT 'row ' || pgt_id FROM pgtrickle.pgt_stream_tables
                    UNION ALL SELECT 'dependency ' || pgt_id || source_relid FROM pgtrickle.pgt_dependencies
                    UNION ALL SELECT 'history ' || refresh_id FROM pgtrickle.pgt_refresh_history
                    ORDER BY 1""".formatted(schema)).lines();
        }
    }

    private void installCatalog() {
        run(create("first", "SELECT g FROM t"), "DROP MATERIALIZED VIEW first");
        awaitNoCapture(lab);
    }

    @Test
    void rollbackOfCreateLeavesNoTrace() {
        installCatalog();
        List<String> before = everything();
        run("BEGIN", create(SUMS), "INSERT INTO t VALUES ('c', 4)", "REFRESH MATERIALIZED VIEW v", "ROLLBACK");
        assertThat(everything()).isEqualTo(before);
    }

    @Test
    void savepointRollbackOfCreateLeavesNoTrace() {
        installCatalog();
        List<String> before = everything();
        run("BEGIN", "SAVEPOINT s", create(SUMS), "ROLLBACK TO SAVEPOINT s", "INSERT INTO t VALUES ('c', 4)", "COMMIT");
        assertThat(everything()).isEqualTo(before);
        view(SUMS).step("INSERT INTO t VALUES ('c', 5)").delta("-1 | c | 1 | 4", "+1 | c | 2 | 9").matchesRecompute();
    }

    @Test
    void aMigrationIsAtomic() {
        installCatalog();
        run("BEGIN", "CREATE TABLE s (id integer)", "INSERT INTO s VALUES (1)", create("SELECT id FROM s"), "INSERT INTO s VALUES (2)", "ROLLBACK");
        assertThat(lines("SELECT to_regclass('s'), to_regclass('v')")).containsExactly("NULL | NULL");
        run("BEGIN", "CREATE TABLE s (id integer)", "INSERT INTO s VALUES (1)", create("SELECT id FROM s"), "INSERT INTO s VALUES (2)", "COMMIT");
        run("REFRESH MATERIALIZED VIEW v");
        Oracle.exact().check(alice, "v", "SELECT id FROM s");
    }

    @Test
    void rollbackOfDropBringsEverythingBack() {
        var v = view(SUMS);
        run("BEGIN", "INSERT INTO t VALUES ('a', 10)", "DROP MATERIALIZED VIEW v", "ROLLBACK");
        v.step("INSERT INTO t VALUES ('b', 1)").delta("-1 | b | 1 | 3", "+1 | b | 2 | 4").matchesRecompute();
    }

    @Test
    void savepointRollbackOfRefreshTakesRowsAndFrontierBackTogether() {
        var v = view(SUMS);
        run("BEGIN", "INSERT INTO t VALUES ('a', 10)", "SAVEPOINT s", "INSERT INTO t VALUES ('b', 10)", "REFRESH MATERIALIZED VIEW v");
        v.matchesRecompute();
        run("ROLLBACK TO SAVEPOINT s");
        assertThat(lines("SELECT * FROM v ORDER BY g")).containsExactly("a | 2 | 3", "b | 1 | 3");
        run("REFRESH MATERIALIZED VIEW v");
        v.matchesRecompute();
        run("COMMIT");
        v.step("INSERT INTO t VALUES ('c', 1)").delta("+1 | c | 1 | 1").matchesRecompute();
    }

    @ParameterizedTest
    @ValueSource(strings = {"READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"})
    void changesBeforeAndAfterCreateInOneTransactionCountOnce(String isolation) {
        run("BEGIN ISOLATION LEVEL " + isolation, "INSERT INTO t VALUES ('a', 10)", create(SUMS));
        Oracle.exact().check(alice, "v", SUMS);
        run("INSERT INTO t VALUES ('a', 100)", "DELETE FROM t WHERE x = 3", "COMMIT", "REFRESH MATERIALIZED VIEW v");
        Oracle.exact().check(alice, "v", SUMS);
        run("INSERT INTO t VALUES ('z', 1)", "REFRESH MATERIALIZED VIEW v");
        Oracle.exact().check(alice, "v", SUMS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"})
    void changesBeforeAndAfterRefreshInOneTransactionCountOnce(String isolation) {
        var v = view(SUMS);
        run("INSERT INTO t VALUES ('b', 5)");
        run("BEGIN ISOLATION LEVEL " + isolation, "INSERT INTO t VALUES ('a', 10)", "REFRESH MATERIALIZED VIEW v");
        v.matchesRecompute();
        run("INSERT INTO t VALUES ('a', 100)", "SAVEPOINT s", "INSERT INTO t VALUES ('lost', 1)", "ROLLBACK TO SAVEPOINT s", "REFRESH MATERIALIZED VIEW v");
        v.matchesRecompute();
        run("UPDATE t SET x = x + 1 WHERE g = 'a'", "COMMIT", "REFRESH MATERIALIZED VIEW v");
        v.matchesRecompute();
        v.step().noDelta();
    }

    @ParameterizedTest
    @ValueSource(strings = {"READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"})
    void aStreamTableOnAStreamTableInOneTransactionCountsOnce(String isolation) {
        String top = "SELECT count(*) AS groups, sum(total) AS total FROM v";
        run("BEGIN ISOLATION LEVEL " + isolation, create("v", SUMS), create("w", top), "INSERT INTO t VALUES ('a', 10)",
                "REFRESH MATERIALIZED VIEW v", "REFRESH MATERIALIZED VIEW w");
        Oracle.exact().check(alice, "w", top);
        run("INSERT INTO t VALUES ('q', 10)", "REFRESH MATERIALIZED VIEW v", "COMMIT", "REFRESH MATERIALIZED VIEW w");
        Oracle.exact().check(alice, "w", top);
        run("REFRESH MATERIALIZED VIEW v", "REFRESH MATERIALIZED VIEW w");
        Oracle.exact().check(alice, "v", SUMS);
        Oracle.exact().check(alice, "w", top);
    }

    @Test
    void anotherTransactionsOpenChangesArriveWhenItCommits() {
        var v = view(SUMS);
        Client other = another();
        other.run("BEGIN");
        other.run("INSERT INTO t VALUES ('a', 1000)");
        v.step("INSERT INTO t VALUES ('b', 1)").delta("-1 | b | 1 | 3", "+1 | b | 2 | 4").matchesRecompute();
        v.step().noDelta();
        other.run("INSERT INTO t VALUES ('a', 2000)");
        other.run("COMMIT");
        v.step().delta("-1 | a | 2 | 3", "+1 | a | 4 | 3003").matchesRecompute();
        v.step().noDelta();
    }

    @Test
    void anEngineErrorFailsTheTransactionAsAServerErrorDoes() {
        installCatalog();
        run("BEGIN", "INSERT INTO t VALUES ('lost', 1)");
        assertThat(failure("CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.mode = 'NEVER') AS SELECT g FROM t").sqlState())
                .isEqualTo("22023");
        assertThat(failure("SELECT 1").sqlState()).isEqualTo("25P02");
        assertThat(failure(create(SUMS)).sqlState()).isEqualTo("25P02");
        assertThat(failure("REFRESH MATERIALIZED VIEW v").sqlState()).isEqualTo("25P02");
        assertThat(query("COMMIT").tag()).isEqualTo("ROLLBACK");
        assertThat(lines("SELECT count(*) FROM t WHERE g = 'lost'")).containsExactly("0");
    }

    @Test
    void aSavepointRescuesTheTransactionAfterAnEngineError() {
        installCatalog();
        run("BEGIN", "INSERT INTO t VALUES ('kept', 1)", "SAVEPOINT s");
        failure("CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.mode = 'NEVER') AS SELECT g FROM t");
        run("ROLLBACK TO SAVEPOINT s", create(SUMS), "COMMIT");
        Oracle.exact().check(alice, "v", SUMS);
        assertThat(lines("SELECT n FROM v WHERE g = 'kept'")).containsExactly("1");
    }

    @Test
    void aStringOfStatementsAnswersEachInOrder() {
        installCatalog();
        List<Reply> replies = alice.run("INSERT INTO t VALUES ('m', 1); " + create(SUMS) + "; SELECT count(*) FROM v; "
                + "INSERT INTO t VALUES ('m', 1); REFRESH MATERIALIZED VIEW v; SELECT n FROM v WHERE g = 'm'; DROP MATERIALIZED VIEW v");
        assertThat(replies).hasSize(7);
        if (lab.door().showsEveryTag()) {
            assertThat(replies).extracting(Reply::tag)
                    .containsExactly("INSERT 0 1", "SELECT 3", "SELECT 1", "INSERT 0 1", "REFRESH MATERIALIZED VIEW", "SELECT 1", "DROP MATERIALIZED VIEW");
        }
        assertThat(replies.get(2).lines()).containsExactly("3");
        assertThat(replies.get(5).lines()).containsExactly("2");
    }

    @Test
    void aStringOfStatementsIsOneTransaction() {
        installCatalog();
        List<String> before = everything();
        assertThat(failure("INSERT INTO t VALUES ('lost', 1); " + create(SUMS) + "; SELECT 1 / 0; DROP TABLE t").sqlState()).isEqualTo("22012");
        assertThat(everything()).isEqualTo(before);
        assertThat(lines("SELECT count(*) FROM t WHERE g = 'lost'")).containsExactly("0");
    }

    @Test
    void afterAnErrorTheRestOfTheStringIsNotRun() {
        installCatalog();
        assertThat(failure("SELECT 1 / 0; " + create(SUMS)).sqlState()).isEqualTo("22012");
        assertThat(lines("SELECT to_regclass('v')")).containsExactly("NULL");
    }

    @Test
    void aCommitInsideTheStringKeepsWhatWasBeforeIt() {
        installCatalog();
        assertThat(failure("BEGIN; " + create(SUMS) + "; COMMIT; INSERT INTO t VALUES ('lost', 1); SELECT 1 / 0").sqlState()).isEqualTo("22012");
        Oracle.exact().check(alice, "v", SUMS);
        assertThat(lines("SELECT count(*) FROM t WHERE g = 'lost'")).containsExactly("0");
    }

    @Test
    void theSessionIsLeftAsItWas() {
        run("SET DateStyle = 'ISO, DMY'", "SET IntervalStyle = 'sql_standard'", "SET extra_float_digits = 0", "SET bytea_output = 'escape'",
                "SET application_name = 'mine'");
        String settings = "SELECT current_setting('DateStyle'), current_setting('IntervalStyle'), current_setting('extra_float_digits'), "
                + "current_setting('bytea_output'), current_setting('search_path'), current_setting('application_name'), current_setting('enable_seqscan'), "
                + "current_setting('random_page_cost'), current_setting('jit'), current_user";
        List<String> before = lines(settings);
        run("BEGIN", create(SUMS), "INSERT INTO t VALUES ('b', 1)", "REFRESH MATERIALIZED VIEW v");
        assertThat(lines(settings)).isEqualTo(before);
        run("COMMIT");
        assertThat(lines(settings)).isEqualTo(before);
        assertThat(lines("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE '%trickle%'")).containsExactly("0");
    }

    @ParameterizedTest
    @ValueSource(strings = {SUMS, "SELECT g, x FROM t"})
    void aRefreshThatLosesAgainstAnotherIsASerializationFailure(String query) {
        view(query);
        Client other = another();
        run("INSERT INTO t VALUES ('c', 4)", "BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT 1 FROM t");
        other.run("REFRESH MATERIALIZED VIEW v");
        assertThat(failure("REFRESH MATERIALIZED VIEW v").sqlState()).isEqualTo("40001");
        run("ROLLBACK", "REFRESH MATERIALIZED VIEW v");
        Oracle.exact().check(alice, "v", query);
    }

    @Test
    void aRefreshWithNothingToDoInItsSnapshotLosesAgainstNobody() {
        view(SUMS);
        Client other = another();
        run("BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT 1 FROM t");
        other.run("INSERT INTO t VALUES ('c', 4)");
        other.run("REFRESH MATERIALIZED VIEW v");
        run("REFRESH MATERIALIZED VIEW v");
        Oracle.exact().check(alice, "v", SUMS);
        run("COMMIT");
        Oracle.exact().check(alice, "v", SUMS);
    }

    /** To the block's snapshot the table is empty, whatever the block computes; what it stores must not stay. */
    @ParameterizedTest
    @ValueSource(strings = {
        "ALTER TABLE k ADD COLUMN extra float8 DEFAULT random()",
        "ALTER TABLE k ALTER COLUMN unused TYPE bigint",
        "ALTER TABLE k SET UNLOGGED; ALTER TABLE k SET LOGGED",
        "ALTER TABLE part ADD COLUMN extra float8 DEFAULT random()",
        "TRUNCATE k; INSERT INTO k VALUES (7, 7)",
        "TRUNCATE k, part",
        "VACUUM FULL k"
    })
    void aSourceThatSomebodyElseHasRewrittenSinceTheSnapshot(String statements) {
        run("CREATE TABLE k (id integer PRIMARY KEY, unused integer)", "INSERT INTO k VALUES (1), (2), (3)",
                "CREATE TABLE part (id integer, x integer) PARTITION BY LIST (id)", "CREATE TABLE part1 PARTITION OF part DEFAULT",
                "INSERT INTO part VALUES (1, 1), (2, 1)");
        var queries = Map.of(
                "joined", "SELECT k.id, t.g FROM k JOIN t ON t.x = k.id",
                "rows", "SELECT id FROM k",
                "greatest", "SELECT max(id) AS m, count(*) AS n FROM k",
                "parts", "SELECT part.id, k.id AS other FROM part JOIN k ON k.id = part.id");
        queries.forEach((name, query) -> run(create(name, query)));
        run("CREATE MATERIALIZED VIEW wholly WITH (pgtrickle.stream = true, pgtrickle.refresh_mode = 'FULL') AS SELECT id FROM k");
        Client other = another();
        run("INSERT INTO t VALUES ('q', 3)", "INSERT INTO k VALUES (4)", "DELETE FROM k WHERE id = 3", "INSERT INTO part VALUES (4, 1)");
        run("BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT 1 FROM t");
        for (String statement : statements.split("; ")) {
            other.run(statement);
        }
        queries.keySet().forEach(name -> run("REFRESH MATERIALIZED VIEW " + name));
        run("REFRESH MATERIALIZED VIEW wholly");
        queries.forEach((name, query) -> Oracle.exact().check(alice, name, query));
        Oracle.exact().check(alice, "wholly", "SELECT id FROM k");
        run("COMMIT");
        queries.keySet().forEach(name -> run("REFRESH MATERIALIZED VIEW " + name));
        run("REFRESH MATERIALIZED VIEW wholly");
        queries.forEach((name, query) -> Oracle.exact().check(alice, name, query));
        Oracle.exact().check(alice, "wholly", "SELECT id FROM k");
    }

    @ParameterizedTest
    @ValueSource(strings = {"VACUUM FULL k", "TRUNCATE k"})
    void aSourceThatSomebodyElseHasAlteredSinceTheSnapshotOfCreate(String statement) {
        run("CREATE TABLE k (id integer PRIMARY KEY)", "INSERT INTO k VALUES (1)");
        Client other = another();
        run("BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT 1 FROM t");
        other.run(statement);
        var failure = failure(create("SELECT id FROM k"));
        assertThat(failure.sqlState()).isEqualTo("40001");
        assertThat(failure.text()).startsWith("could not serialize access due to concurrent change of relation ");
        run("ROLLBACK", create("SELECT id FROM k"));
        Oracle.exact().check(alice, "v", "SELECT id FROM k");
    }

    /** What the block takes away includes rows of others that it cannot see. */
    @ParameterizedTest
    @ValueSource(strings = {"TRUNCATE p", "DROP TABLE p1", "ALTER TABLE p DETACH PARTITION p1"})
    void rowsTakenAwayUnseen(String statement) {
        run("CREATE TABLE p (id integer, g text) PARTITION BY LIST (g)", "CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('x')", "CREATE TABLE p2 PARTITION OF p DEFAULT",
                "INSERT INTO p SELECT i, 'y' FROM generate_series(1, 100) AS i");
        String rows = "SELECT id, g FROM p";
        String groups = "SELECT g, count(*) AS n FROM p GROUP BY g";
        run(create("r", rows), create("c", groups), "BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT * FROM t");
        Client other = another();
        other.run("INSERT INTO p VALUES (1000, 'x')");
        run(statement, "REFRESH MATERIALIZED VIEW r", "REFRESH MATERIALIZED VIEW c", create("later", rows), "COMMIT");
        run("REFRESH MATERIALIZED VIEW r", "REFRESH MATERIALIZED VIEW c", "REFRESH MATERIALIZED VIEW later");
        Oracle.exact().check(alice, "r", rows);
        Oracle.exact().check(alice, "c", groups);
        Oracle.exact().check(alice, "later", rows);
    }
}
