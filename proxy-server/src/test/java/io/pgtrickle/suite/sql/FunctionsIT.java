// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.Reply;
import io.pgtrickle.suite.SqlSuite;
import io.pgtrickle.suite.oracle.Oracle;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The functions of schema pgtrickle as top-level calls: positional, named and bound arguments. */
class FunctionsIT extends SqlSuite {

    FunctionsIT(Door door) {
        super(door);
    }

    @BeforeEach
    void source() {
        run("CREATE TABLE t (id integer PRIMARY KEY, name text)", "INSERT INTO t VALUES (1, 'a'), (2, 'b')");
    }

    private void isFresh() {
        Oracle.exact().check(alice, "v", "SELECT id FROM t");
    }

    @Test
    void positionalArguments() {
        Reply reply = query("SELECT pgtrickle.create_stream_table('v', 'SELECT id FROM t', '1h', 'DIFFERENTIAL')");
        assertThat(reply.columns()).containsExactly("create_stream_table");
        assertThat(reply.lines()).containsExactly("");
        assertThat(reply.tag()).isEqualTo("SELECT 1");
        isFresh();
        run("INSERT INTO t VALUES (3, 'c')", "SELECT pgtrickle.refresh_stream_table('v')");
        isFresh();
        run("SELECT pgtrickle.drop_stream_table('v')");
        assertThat(lines("SELECT to_regclass('v')")).containsExactly("NULL");
    }

    @Test
    void namedArgumentsInAnyOrder() {
        run("SELECT pgtrickle.create_stream_table(query => $$SELECT id FROM t$$, refresh_mode => 'FULL', name := 'v', schedule => '5m') AS done");
        isFresh();
        assertThat(lines("SELECT refresh_mode, schedule FROM pgtrickle.pgt_stream_tables")).containsExactly("FULL | 5m");
    }

    @Test
    void anAliasNamesTheResult() {
        assertThat(query("SELECT pgtrickle.create_stream_table('v', 'SELECT id FROM t', '1h') AS done").columns()).containsExactly("done");
    }

    @Test
    void boundArgumentsPreparedAndExecutedTwice() {
        alice.prepared("SELECT pgtrickle.create_stream_table(?, ?, schedule => ?)", "v", "SELECT id FROM t", "1h");
        isFresh();
        for (int i = 3; i < 6; i++) {
            run("INSERT INTO t VALUES (" + i + ", 'x')");
            alice.prepared("SELECT pgtrickle.refresh_stream_table(?)", "v");
            isFresh();
        }
        alice.prepared("SELECT pgtrickle.drop_stream_table(?)", "v");
        assertThat(lines("SELECT to_regclass('v')")).containsExactly("NULL");
    }

    @Test
    void aPreparedRefreshStatementExecutedTwice() {
        run("SELECT pgtrickle.create_stream_table('v', 'SELECT id FROM t', '1h')");
        for (int i = 3; i < 10; i++) {
            run("INSERT INTO t VALUES (" + i + ", 'x')");
            alice.prepared("REFRESH MATERIALIZED VIEW v");
            isFresh();
        }
    }

    @Test
    void initializeFalseLeavesItEmpty() {
        run("SELECT pgtrickle.create_stream_table('v', 'SELECT id FROM t', '1h', initialize => false)");
        assertThat(lines("SELECT count(*) FROM v")).containsExactly("0");
        run("SELECT pgtrickle.refresh_stream_table('v')");
        isFresh();
    }

    @Test
    void namesMayBeQualifiedAndQuoted() {
        run("SELECT pgtrickle.create_stream_table('" + schema + ".\"My V\"', 'SELECT id FROM t', '1h')");
        Oracle.exact().check(alice, "\"My V\"", "SELECT id FROM t");
        run("SELECT pgtrickle.drop_stream_table('\"My V\"')");
    }

    @Test
    void aNullScheduleIsAnErrorWithAHint() {
        var error = failure("SELECT pgtrickle.create_stream_table('v', 'SELECT id FROM t', NULL)");
        assertThat(error.sqlState()).isEqualTo("22023");
        assertThat(error.hint()).contains("calculated");
    }

    @Test
    void whatIsMissingIsAnError() {
        assertThat(failure("SELECT pgtrickle.refresh_stream_table('missing')").sqlState()).isEqualTo("42P01");
        assertThat(failure("SELECT pgtrickle.drop_stream_table('missing')").sqlState()).isEqualTo("42P01");
    }

    @Test
    void aWrongArgumentNameIsPostgresError() {
        assertThat(failure("SELECT pgtrickle.create_stream_table(nmae => 'v', query => 'SELECT id FROM t')").sqlState()).isEqualTo("42883");
    }

    @Test
    void aDropWithDependentsNeedsCascade() {
        run(create("v", "SELECT id FROM t"), create("w", "SELECT count(*) AS n FROM v"));
        assertThat(failure("SELECT pgtrickle.drop_stream_table('v')").hint()).contains("cascade => true");
        run("SELECT pgtrickle.drop_stream_table('v', cascade => true)");
        assertThat(lines("SELECT to_regclass('v'), to_regclass('w')")).containsExactly("NULL | NULL");
    }

    @Test
    void aCallRollsBackWithItsTransaction() {
        run(create("first", "SELECT id FROM t"), "DROP MATERIALIZED VIEW first");
        run("BEGIN", "SELECT pgtrickle.create_stream_table('v', 'SELECT id FROM t', '1h')", "ROLLBACK");
        assertThat(lines("SELECT to_regclass('v')")).containsExactly("NULL");
        assertThat(lines("SELECT count(*) FROM pgtrickle.pgt_stream_tables")).containsExactly("0");
    }
}
