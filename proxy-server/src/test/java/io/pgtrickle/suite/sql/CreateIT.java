// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.Notice;
import io.pgtrickle.suite.SqlError;
import io.pgtrickle.suite.SqlSuite;
import io.pgtrickle.suite.oracle.Oracle;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code CREATE MATERIALIZED VIEW … WITH (pgtrickle.stream = true)} in all its forms. */
class CreateIT extends SqlSuite {

    CreateIT(Door door) {
        super(door);
    }

    @BeforeEach
    void source() {
        run("CREATE TABLE t (id integer PRIMARY KEY, name text)", "INSERT INTO t VALUES (1, 'a'), (2, 'b')");
    }

    @Test
    void answersSelectAndTheNumberOfRows() {
        assertThat(query(create("SELECT id, name FROM t")).tag()).isEqualTo("SELECT 2");
        assertThat(lines("SELECT * FROM v ORDER BY id")).containsExactly("1 | a", "2 | b");
    }

    @Test
    void withNoDataAnswersCreateMaterializedViewAndTheFirstRefreshFills() {
        assertThat(query(create("SELECT id FROM t") + " WITH NO DATA").tag()).isEqualTo("CREATE MATERIALIZED VIEW");
        assertThat(lines("SELECT is_populated, status FROM pgtrickle.pgt_stream_tables WHERE pgt_relid = 'v'::regclass"))
                .containsExactly("f | INITIALIZING");
        run("INSERT INTO t VALUES (3, 'c')", "REFRESH MATERIALIZED VIEW v");
        assertThat(lines("SELECT * FROM v ORDER BY id")).containsExactly("1", "2", "3");
        assertThat(lines("SELECT is_populated, status FROM pgtrickle.pgt_stream_tables WHERE pgt_relid = 'v'::regclass"))
                .containsExactly("t | ACTIVE");
    }

    @Test
    void withDataIsTheDefaultSpelledOut() {
        assertThat(query(create("SELECT id FROM t") + " WITH DATA").tag()).isEqualTo("SELECT 2");
    }

    @Test
    void ifNotExistsGivesANoticeWhenThereIsOne() {
        run(create("SELECT id FROM t"));
        alice.notices();
        String again = "CREATE MATERIALIZED VIEW IF NOT EXISTS v WITH (pgtrickle.stream = true) AS SELECT name FROM t";
        assertThat(query(again).tag()).isEqualTo("CREATE MATERIALIZED VIEW");
        assertThat(alice.notices()).extracting(Notice::severity, Notice::sqlState, Notice::message)
                .containsExactly(tuple("NOTICE", "42P07", "relation \"v\" already exists, skipping"));
        assertThat(query("SELECT * FROM v").columns()).containsExactly("id");
    }

    @Test
    void ifNotExistsCreatesWhenThereIsNone() {
        assertThat(query("CREATE MATERIALIZED VIEW IF NOT EXISTS v WITH (pgtrickle.stream = true) AS SELECT name FROM t").tag())
                .isEqualTo("SELECT 2");
    }

    @Test
    void anExistingRelationIsAnError() {
        run(create("SELECT id FROM t"));
        assertThat(failure(create("SELECT id FROM t")).sqlState()).isEqualTo("42P07");
        assertThat(failure(create("t", "SELECT id FROM t")).sqlState()).isEqualTo("42P07");
    }

    @Test
    void aColumnListNamesTheFirstColumns() {
        run(create("v (key)", "SELECT id, name FROM t"));
        assertThat(query("SELECT * FROM v").columns()).containsExactly("key", "name");
        run("INSERT INTO t VALUES (3, 'c')", "REFRESH MATERIALIZED VIEW v");
        assertThat(lines("SELECT key, name FROM v ORDER BY key")).containsExactly("1 | a", "2 | b", "3 | c");
    }

    @Test
    void aColumnListThatIsTooLongIsASyntaxErrorAsInPostgres() {
        SqlError error = failure(create("v (a, b, c)", "SELECT id, name FROM t"));
        assertThat(error.sqlState()).isEqualTo("42601");
        assertThat(error.text()).isEqualTo("too many column names were specified");
    }

    @Test
    void theRelationHasTheColumnsOfTheQueryAndNothingElse() {
        run(create("SELECT name, count(*) AS n, sum(id) AS total FROM t GROUP BY name"));
        assertThat(query("SELECT * FROM v").columns()).containsExactly("name", "n", "total");
        assertThat(lines("SELECT attname, atttypid::regtype FROM pg_attribute WHERE attrelid = 'v'::regclass AND attnum > 0 ORDER BY attnum"))
                .containsExactly("name | text", "n | bigint", "total | bigint");
    }

    @Test
    void storageOptionsGoToTheTable() {
        run("CREATE MATERIALIZED VIEW v WITH (fillfactor = 71, pgtrickle.stream = true, autovacuum_enabled = false) AS SELECT id FROM t");
        assertThat(lines("SELECT unnest(reloptions) FROM pg_class WHERE oid = 'v'::regclass"))
                .contains("fillfactor=71", "autovacuum_enabled=false");
    }

    @Test
    void accessMethodAndTablespaceAreAccepted() {
        run("CREATE MATERIALIZED VIEW v USING heap WITH (pgtrickle.stream = true) TABLESPACE pg_default AS SELECT id FROM t");
        assertThat(lines("SELECT * FROM v ORDER BY 1")).containsExactly("1", "2");
        assertThat(failure("CREATE MATERIALIZED VIEW w USING nonsense WITH (pgtrickle.stream = true) AS SELECT id FROM t").sqlState())
                .isEqualTo("42704");
    }

    @ParameterizedTest
    @ValueSource(strings = {"pgtrickle.stream", "pgtrickle.stream = on", "pgtrickle.stream = 1", "pgtrickle.stream = 'TRUE'", "PGTRICKLE.Stream = True"})
    void theSwitchIsABooleanAsPostgresReadsBooleans(String option) {
        run("CREATE MATERIALIZED VIEW v WITH (" + option + ") AS SELECT id FROM t");
        assertThat(lines("SELECT pgt_name FROM pgtrickle.pgt_stream_tables")).containsExactly("v");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"Mixed Case\"", "\"with.dot\"", "\"with \"\"quote\"\"\"", "größe", "\"日本語\"", "\"select\"", "\"semi;colon\"", "\"it's\"", "\"$1\"",
            "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabc"})
    void namesAreWhateverPostgresAllows(String name) {
        run("CREATE TABLE src (\"Ä;\" integer)");
        run("INSERT INTO src VALUES (1)");
        view(name, "SELECT \"Ä;\" AS " + name + " FROM src").step("INSERT INTO src VALUES (2)").delta("+1 | 2").matchesRecompute();
        assertThat(query("DROP MATERIALIZED VIEW " + name).tag()).isEqualTo("DROP MATERIALIZED VIEW");
    }

    @Test
    void schemasMayBeNamedInTheStatement() {
        run("CREATE SCHEMA \"" + schema + " X\"");
        run(create("\"" + schema + " X\".v", "SELECT id FROM t"));
        assertThat(lines("SELECT pgt_schema, pgt_name FROM pgtrickle.pgt_stream_tables")).containsExactly(schema + " X | v");
        run("DROP MATERIALIZED VIEW \"" + schema + " X\".v", "DROP SCHEMA \"" + schema + " X\"");
    }

    @Test
    void commentsAndOddSpacingDoNotMatter() {
        run("/* one /* nested ; */ */ cReAtE\n\tmaterialized--;\nVIEW/**/v/**/WITH(pgtrickle . stream=true,pgtrickle.schedule='1h')as/*;*/SELECT id FROM t -- end");
        assertThat(lines("SELECT * FROM v ORDER BY 1")).containsExactly("1", "2");
    }

    @Test
    void dollarQuotesAndSemicolonsInStringsAreText() {
        run("INSERT INTO t VALUES (3, $$it's; DROP$$)");
        view("SELECT id, 'x;y' AS s FROM t WHERE name = $q$it's; DROP$q$").step("INSERT INTO t VALUES (4, $$it's; DROP$$)")
                .delta("+1 | 4 | x;y").matchesRecompute();
    }

    @Test
    void backslashesFollowStandardConformingStrings() {
        run("SET standard_conforming_strings = off", "SET escape_string_warning = off");
        run("INSERT INTO t VALUES (3, 'it\\'s; x')");
        run(create("SELECT id FROM t WHERE name = 'it\\'s; x'"));
        run("INSERT INTO t VALUES (4, 'it\\'s; x')", "REFRESH MATERIALIZED VIEW v");
        assertThat(lines("SELECT * FROM v ORDER BY 1")).containsExactly("3", "4");
    }

    @Test
    void unicodeEscapedNamesAreUnderstood() {
        run("CREATE MATERIALIZED VIEW U&\"d\\0061t\" WITH (pgtrickle.stream = true) AS SELECT id FROM t");
        assertThat(lines("SELECT count(*) FROM dat")).containsExactly("2");
        run("DROP MATERIALIZED VIEW dat");
    }

    @Test
    void anUnknownOptionListsTheValidOnesAndSuggestsTheNearest() {
        SqlError error = failure("CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.shedule = '1m') AS SELECT id FROM t");
        assertThat(error.sqlState()).isEqualTo("22023");
        assertThat(error.text()).contains("shedule");
        assertThat(error.hint()).contains("pgtrickle.schedule");
        assertThat(error.detail() + error.hint()).contains("mode", "stream");
    }

    @Test
    void badOptionValuesAreRefused() {
        assertThat(failure("CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.mode = 'SOMETIMES') AS SELECT id FROM t").sqlState())
                .isEqualTo("22023");
        assertThat(failure("CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.schedule = 'soon') AS SELECT id FROM t").sqlState())
                .isEqualTo("22023");
        assertThat(failure("CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, fillfactor = 5) AS SELECT id FROM t").sqlState())
                .isEqualTo("22023");
    }

    @ParameterizedTest
    @ValueSource(strings = {"500ms", "1s", "30s", "5m", "1h"})
    void schedulesAreDurations(String schedule) {
        run("CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.schedule = '" + schedule + "') AS SELECT id FROM t");
        assertThat(lines("SELECT schedule FROM pgtrickle.pgt_stream_tables")).containsExactly(schedule);
    }

    @Test
    void anErrorInTheQueryPointsIntoTheStatementAsSent() {
        String sql = "  " + create("SELECT id FROM nope");
        SqlError error = failure(sql);
        assertThat(error.sqlState()).isEqualTo("42P01");
        assertThat(error.position()).isEqualTo(sql.indexOf("nope") + 1);
        String listed = "SELECT 1; " + create("v (a)", "SELECT id, nope FROM t");
        // Speaking the extended protocol, pgjdbc sends each statement of a string by itself.
        int before = lab.door().sendsStatementsSeparately() ? listed.indexOf(';') + 1 : 0;
        assertThat(failure(listed).position()).isEqualTo(listed.indexOf("nope") + 1 - before);
    }

    @Test
    void positionsCountCharactersAsPostgresDoes() {
        String sql = "/* \uD83D\uDE00 */ " + create("SELECT '\uD83D\uDE00' AS smile, nope FROM t");
        assertThat(failure(sql).position()).isEqualTo(sql.codePointCount(0, sql.indexOf("nope")) + 1);
        String listed = "SELECT '\uD83D\uDE00' AS smile; " + create("v (a)", "SELECT id, nope FROM t");
        int before = lab.door().sendsStatementsSeparately() ? listed.codePointCount(0, listed.indexOf(';')) + 1 : 0;
        assertThat(failure(listed).position()).isEqualTo(listed.codePointCount(0, listed.indexOf("nope")) + 1 - before);
    }

    @Test
    void aStreamTableNeedsAColumn() {
        assertThat(failure("CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true) AS SELECT FROM t").text())
                .isEqualTo("stream table \"v\" would have no columns");
    }

    @Test
    void aSyntaxErrorIsPostgresOwn() {
        assertThat(failure(create("SELECT id FORM t")).sqlState()).isEqualTo("42601");
    }

    @Test
    void anOrdinaryMaterializedViewStaysPostgresBusiness() {
        assertThat(query("CREATE MATERIALIZED VIEW m WITH (fillfactor = 80) AS SELECT id FROM t").tag()).isEqualTo("SELECT 2");
        assertThat(lines("SELECT relkind FROM pg_class WHERE oid = 'm'::regclass")).containsExactly("m");
    }

    @Test
    void theStreamTableOutlivesARenameOfItsSource() {
        view("SELECT id, name FROM t");
        run("ALTER TABLE t RENAME TO t2", "INSERT INTO t2 VALUES (3, 'c')", "REFRESH MATERIALIZED VIEW v");
        Oracle.exact().check(alice, "v", "SELECT id, name FROM t2");
    }
}
