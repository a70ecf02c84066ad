// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.EngineOnly;
import io.pgtrickle.suite.SqlSuite;
import io.pgtrickle.suite.oracle.Oracle;
import io.pgtrickle.suite.step.StreamTable;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Column types, above all those whose {@code =} is not what a user sees: identity is the printed image. */
@EngineOnly
class TypesIT extends SqlSuite {

    TypesIT(Door door) {
        super(door);
    }

    /** A change between two values that may be equal for SQL, seen by a keyed table, a keyless one and a join. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            numeric            | 1.0             | 1.00
            numeric            | 1               | NaN
            numeric(10,3)      | 1.5             | 1.501
            interval           | 24 hours        | 1 day
            jsonb              | {"a": 1}        | {"a": 1.0}
            json               | {"a": 1}        | {"a":1}
            xml                | <a/>            | <a></a>
            double precision   | 0               | -0
            double precision   | NaN             | Infinity
            real               | 0.1             | 0.2
            point              | (1,2)           | (1.0000001,2)
            box                | (1,1),(0,0)     | (2,2),(0,0)
            circle             | <(0,0),1>       | <(5,5),1>
            character(5)       | a               | b
            bytea              | \\x00           | \\x0000
            integer[]          | {1,NULL}        | [0:1]={1,NULL}
            numeric[]          | {1.0}           | {1.00}
            text[]             | {a,"b c"}       | {a,"NULL"}
            date               | infinity        | 2024-02-29
            timestamptz        | 2024-01-01 00:00:00.000001+00 | 2024-01-01 00:00:00+00
            timetz             | 10:00:00+00     | 11:00:00+01
            uuid               | 00000000-0000-0000-0000-000000000000 | 00000000-0000-0000-0000-000000000001
            inet               | 10.0.0.1        | 10.0.0.1/8
            bit varying        | 101             | 1010
            int4range          | [1,5)           | empty
            tsvector           | 'a' 'b'         | 'a':1 'b'
            money              | 1.00            | 1.01
            "char"             | a               | b
            pg_lsn             | 0/1             | 0/2
            xid                | 1               | 2
            cid                | 1               | 2
            aclitem            | =r/suite_alice  | =w/suite_alice
            xid[]              | {1}             | {2,NULL}
            numrange           | [1.0,2)         | [1.00,2)
            """)
    void aChangeOfTheImageIsAChange(String type, String before, String after) {
        String b = "'" + before.replace("'", "''").replace("\\\\", "\\") + "'::" + type;
        String a = "'" + after.replace("'", "''").replace("\\\\", "\\") + "'::" + type;
        run("CREATE TABLE k (id integer PRIMARY KEY, x " + type + ")", "INSERT INTO k VALUES (1, " + b + "), (2, NULL), (3, " + b + ")");
        run("CREATE TABLE n (x " + type + ")", "INSERT INTO n VALUES (" + b + "), (" + b + "), (" + a + "), (NULL)");
        var keyed = view("keyed", "SELECT id, x FROM k");
        var keyless = view("keyless", "SELECT x FROM n");
        var joined = view("joined", "SELECT k.id, n.x FROM k JOIN n ON (k.x IS NULL) = (n.x IS NULL)");
        var counted = view("counted", "SELECT id % 2 AS odd, count(x) AS n FROM k GROUP BY id % 2");
        run("UPDATE k SET x = " + a + " WHERE id = 1", "UPDATE k SET x = " + b + " WHERE id = 2",
                "UPDATE n SET x = " + a + " WHERE ctid = (SELECT min(ctid) FROM n)", "DELETE FROM n WHERE ctid = (SELECT max(ctid) FROM n WHERE x IS NOT NULL)");
        keyed.step().matchesRecompute();
        keyless.step().matchesRecompute();
        joined.step().matchesRecompute();
        counted.step().matchesRecompute();
        run("UPDATE k SET x = NULL", "DELETE FROM n");
        keyed.step().matchesRecompute();
        keyless.step().matchesRecompute();
        joined.step().matchesRecompute();
    }

    @Test
    void aTypeWhoseEqualityIsNotInTheCatalogIsGroupedAndJoinedByItsOwn() {
        superuser().run("CREATE EXTENSION IF NOT EXISTS citext SCHEMA public");
        run("SET search_path = " + schema + ", public", "CREATE TABLE ci (id int PRIMARY KEY, k citext, UNIQUE (k, id))");
        String using = "SELECT a.id, b.id AS other FROM ci a JOIN ci b USING (k)";
        String grouped = "SELECT k, count(*) AS n FROM ci GROUP BY k";
        run("CREATE MATERIALIZED VIEW j WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS " + using,
                "CREATE MATERIALIZED VIEW g WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS " + grouped,
                "INSERT INTO ci VALUES (1, 'A'), (2, 'a'), (3, 'b')", "REFRESH MATERIALIZED VIEW j", "REFRESH MATERIALIZED VIEW g");
        assertThat(lines("SELECT count(*) FROM j")).containsExactly("5");
        run("UPDATE ci SET k = 'B' WHERE id = 3", "REFRESH MATERIALIZED VIEW g", "REFRESH MATERIALIZED VIEW j");
        assertThat(lines("SELECT lower(k::text), n FROM g ORDER BY 1")).containsExactly("a | 2", "b | 1");
        assertThat(lines("SELECT k::text FROM g WHERE n = 1")).containsExactly("B");
        view("w", "SELECT a.k, b.id FROM ci a JOIN ci b ON a.k = b.k")
                .step("INSERT INTO ci VALUES (4, 'B')", "UPDATE ci SET k = 'b' WHERE id = 3").matchesRecompute();
    }

    @Test
    void aDomainOverSuchATypeIsNoDifferent() {
        superuser().run("CREATE EXTENSION IF NOT EXISTS citext SCHEMA public");
        run("SET search_path = " + schema + ", public", "CREATE DOMAIN code AS citext", "CREATE DOMAIN short AS code CHECK (length(VALUE) < 5)",
                "CREATE TABLE ci (id int PRIMARY KEY, k short NOT NULL, UNIQUE (k, id))", "INSERT INTO ci VALUES (1, 'A'), (3, 'b')",
                "CREATE MATERIALIZED VIEW j WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS SELECT a.id, b.id AS other FROM ci a JOIN ci b USING (k)",
                "CREATE MATERIALIZED VIEW g WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS SELECT k, count(*) AS n FROM ci GROUP BY k",
                "CREATE MATERIALIZED VIEW d WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS SELECT DISTINCT k FROM ci",
                "INSERT INTO ci VALUES (2, 'a'), (4, 'B')", "DELETE FROM ci WHERE id = 1",
                "REFRESH MATERIALIZED VIEW j", "REFRESH MATERIALIZED VIEW g", "REFRESH MATERIALIZED VIEW d");
        assertThat(lines("SELECT id, other FROM j ORDER BY 1, 2")).containsExactly("2 | 2", "3 | 3", "3 | 4", "4 | 3", "4 | 4");
        assertThat(lines("SELECT lower(k::text), n FROM g ORDER BY 1")).containsExactly("a | 1", "b | 2");
        assertThat(lines("SELECT lower(k::text) FROM d ORDER BY 1")).containsExactly("a", "b");
    }

    /** With such a cast PostgreSQL itself does not know any more what {@code s = s} means. */
    @Test
    void aCastThatMakesEqualityAmbiguousKeepsNothingFromBeingRefreshed() {
        run("CREATE TYPE st AS ENUM ('a', 'b', 'c')", "CREATE DOMAIN dst AS st", "CREATE TABLE t (id integer PRIMARY KEY, s st, d dst, x integer)",
                "INSERT INTO t VALUES (1, 'a', 'a', 1), (2, 'b', 'b', 2), (3, NULL, NULL, 3)");
        List<String> queries = List.of("SELECT id, s, d FROM t", "SELECT s, x FROM t", "SELECT s, count(*) AS n FROM t GROUP BY s", "SELECT DISTINCT d FROM t",
                "SELECT x, count(DISTINCT s) AS n FROM t GROUP BY x", "SELECT count(*) AS n FROM t GROUP BY s");
        for (String when : new String[] {"before", "after"}) {
            for (int i = 0; i < queries.size(); i++) {
                run("CREATE MATERIALIZED VIEW " + when + i + " WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS " + queries.get(i));
            }
            if (when.equals("before")) {
                run("CREATE CAST (st AS text) WITH INOUT AS IMPLICIT");
            }
        }
        for (String change : new String[] {"INSERT INTO t VALUES (4, 'a', 'c', 1)", "UPDATE t SET s = 'c', d = 'b' WHERE id = 1", "DELETE FROM t WHERE s IS NULL"}) {
            run(change);
            for (int i = 0; i < queries.size(); i++) {
                for (String when : new String[] {"before", "after"}) {
                    run("REFRESH MATERIALIZED VIEW " + when + i);
                    Oracle.exact().check(alice, when + i, queries.get(i));
                }
            }
        }
        assertThat(lines("SELECT DISTINCT refresh_mode FROM pgtrickle.pgt_stream_tables WHERE pgt_relid = ANY (ARRAY['before0', 'after1']::regclass[])"))
                .containsExactly("DIFFERENTIAL");
    }

    @Test
    void aCastToTextThatHidesWhatChangedIsNotUsed() {
        run("CREATE TYPE pair AS (a integer, b numeric)", "CREATE FUNCTION blank(pair) RETURNS text LANGUAGE sql IMMUTABLE RETURN 'pair'",
                "CREATE CAST (pair AS text) WITH FUNCTION blank(pair)", "CREATE TABLE t (id integer PRIMARY KEY, c pair)", "INSERT INTO t VALUES (1, (1, 1.0))");
        run(create("SELECT id, c FROM t"), "UPDATE t SET c = (1, 2.0)::pair", "REFRESH MATERIALIZED VIEW v");
        assertThat(lines("SELECT (c).b FROM v")).containsExactly("2.0");
    }

    @Test
    void enumsDomainsAndComposites() {
        run("CREATE TYPE mood AS ENUM ('sad', 'ok')", "CREATE DOMAIN positive AS numeric CHECK (VALUE > 0)", "CREATE TYPE pair AS (a integer, b numeric)",
                "CREATE TABLE t (id integer PRIMARY KEY, m mood, p positive, c pair, ms mood[])", "INSERT INTO t VALUES (1, 'sad', 1.0, (1, 1.0), '{sad}'), (2, NULL, NULL, NULL, NULL)");
        view("v", "SELECT * FROM t").step("UPDATE t SET m = 'ok', p = 1.00, c = (1, 1.00)::pair WHERE id = 1", "INSERT INTO t VALUES (3, 'ok', 5, (NULL, NULL), '{}')").matchesRecompute();
        view("w", "SELECT m, count(*) AS n, max(p) AS p, min(m) AS lo FROM t GROUP BY m").step("DELETE FROM t WHERE id = 1", "UPDATE t SET m = 'sad' WHERE id = 3").matchesRecompute();
    }

    @Test
    void keysOfManyTypes() {
        run("CREATE TABLE t (a uuid, b text, c timestamptz, d numeric, e char(3), x integer, PRIMARY KEY (a, b, c, d, e))",
                "INSERT INTO t VALUES ('00000000-0000-0000-0000-000000000001', 'Ä', '2024-01-01', 1.0, 'x', 1), ('00000000-0000-0000-0000-000000000001', 'Ä', '2024-01-01', 2.0, 'x', 2)");
        view("SELECT * FROM t").step("UPDATE t SET x = x + 1", "UPDATE t SET d = 1.00 WHERE d = 1").matchesRecompute().step("UPDATE t SET e = 'yy', b = '' WHERE d = 2", "INSERT INTO t SELECT a, b, c, 7, e, 9 FROM t WHERE d = 1").matchesRecompute()
                .step("DELETE FROM t WHERE d = 1.000").matchesRecompute();
    }

    @Test
    void aNonDeterministicCollationComparesMoreThanItShows() {
        run("CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)", "CREATE TABLE t (id integer, a text COLLATE ci)", "INSERT INTO t VALUES (1, 'a'), (2, 'B')");
        view("v", "SELECT id, a FROM t").step("UPDATE t SET a = 'A' WHERE id = 1").delta("-1 | 1 | a", "+1 | 1 | A").matchesRecompute();
        view("w", "SELECT x.id, y.id AS other FROM t x JOIN t y ON x.a = y.a").step("INSERT INTO t VALUES (3, 'b')").delta("+1 | 2 | 3", "+1 | 3 | 2", "+1 | 3 | 3").matchesRecompute();
    }

    @Test
    void groupsOfTypesWhoseEqualValuesPrintDifferently() {
        run("CREATE TABLE t (id integer PRIMARY KEY, n numeric, i interval, j jsonb, c char(4))", "INSERT INTO t VALUES (1, 1.0, '24 hours', '1', 'a'), (2, 2, '2 days', '2', 'b')");
        view("SELECT c, trim_scale(n) AS n, count(*) AS k FROM t GROUP BY c, trim_scale(n)").step("INSERT INTO t VALUES (3, 1.00, '1 day', '1.0', 'a ')").delta("-1 | a    | 1 | 1", "+1 | a    | 1 | 2").matchesRecompute();
        view("w", "SELECT count(*) AS n FROM t GROUP BY i").step("DELETE FROM t WHERE id = 1", "INSERT INTO t VALUES (4, 1, '24 hours', '1', 'z')").matchesRecompute();
        view("x", "SELECT count(*) AS n FROM (SELECT DISTINCT j, n FROM t) q").step("INSERT INTO t VALUES (5, 1.0, NULL, '1', 'z')", "DELETE FROM t WHERE id = 2").matchesRecompute();
    }

    @Test
    void wideAndToastedValues() {
        run("CREATE TABLE t (id integer PRIMARY KEY, a text, b bytea)", "INSERT INTO t SELECT i, repeat(md5(i::text), 2000), decode(repeat('ab', 100000), 'hex') FROM generate_series(1, 3) i");
        view("SELECT id, a, b FROM t").step("UPDATE t SET a = a || 'x' WHERE id = 1", "UPDATE t SET b = NULL WHERE id = 2").matchesRecompute();
        view("w", "SELECT a FROM t").step("UPDATE t SET a = a || 'y' WHERE id < 3", "DELETE FROM t WHERE id = 3").matchesRecompute();
    }

    @Test
    void typesThatCanOnlyBeHashedBesideTypesThatCanOnlyBeSorted() {
        run("CREATE TABLE t (id integer PRIMARY KEY, x xid, m money)", "CREATE TABLE n (x xid, m money, b bit(3), c cid[])",
                "INSERT INTO t VALUES (1, '1', 1)", "INSERT INTO n VALUES ('1', 1, '101', '{1}'), ('1', 1, '101', '{1}')");
        view("v", "SELECT * FROM t").step("INSERT INTO t VALUES (2, '2', 2)", "UPDATE t SET x = '7' WHERE id = 1").matchesRecompute();
        view("w", "SELECT * FROM n").step("INSERT INTO n VALUES ('2', 2, NULL, NULL)", "DELETE FROM n WHERE ctid = (SELECT min(ctid) FROM n)").matchesRecompute();
        view("u", "SELECT x, count(*) AS k, max(m) AS d, sum(m) AS s FROM n GROUP BY x").step("INSERT INTO n VALUES ('1', 3), ('3', 3)", "DELETE FROM n WHERE x = '2'").matchesRecompute();
        view("j", "SELECT t.id, n.m FROM t JOIN n USING (x)").step("UPDATE n SET x = '2'", "UPDATE t SET m = 8").matchesRecompute();
        view("q", "SELECT DISTINCT x, id FROM t").step("UPDATE t SET x = '9' WHERE id = 2").matchesRecompute();
    }

    @ParameterizedTest
    @ValueSource(strings = {"json", "point", "xid"})
    void aTypeThatCannotBeGroupedBesideAPrimaryKeyThatIs(String type) {
        run("CREATE TABLE t (id integer PRIMARY KEY, b bit(3), x " + type + ")", "INSERT INTO t VALUES (1, '101', NULL)",
                "CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS SELECT id, b, x, count(*) AS n FROM t GROUP BY id, b",
                "INSERT INTO t VALUES (2, '111', NULL)", "REFRESH MATERIALIZED VIEW v");
        assertThat(lines("SELECT id, n FROM v ORDER BY 1")).containsExactly("1 | 1", "2 | 1");
        assertThat(lines("SELECT full_reason FROM pgtrickle.pgt_stream_tables")).containsExactly("column x outside GROUP BY, of a type that cannot be grouped");
    }

    @Test
    void aTableAsWideAsTablesCanBe() {
        String columns = IntStream.range(1, 1599).mapToObj(i -> ", c" + i + " smallint").collect(Collectors.joining());
        run("CREATE TABLE t (id integer PRIMARY KEY" + columns + ")", "INSERT INTO t (id, c1) VALUES (1, 1), (2, 2)");
        assertThat(failure(create("d", "SELECT * FROM t")).hint()).contains("AUTO or FULL");
        run("CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS SELECT * FROM t");
        assertThat(lines("SELECT full_reason FROM pgtrickle.pgt_stream_tables"))
                .containsExactly("1599 columns of " + schema + ".t, of whose changes only 1592 can be kept");
        run("UPDATE t SET c1598 = 3 WHERE id = 1", "DELETE FROM t WHERE id = 2", "INSERT INTO t (id) VALUES (3)", "REFRESH MATERIALIZED VIEW v");
        assertThat(lines("SELECT id, c1, c1598 FROM v ORDER BY 1")).containsExactly("1 | 1 | 3", "3 | NULL | NULL");
        for (int calls : new int[] {20, 900}) {
            String sums = IntStream.range(1, calls).mapToObj(i -> ", sum(c" + i + ") AS s" + i).collect(Collectors.joining());
            run("CREATE MATERIALIZED VIEW w" + calls + " WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS SELECT count(*) AS n" + sums + " FROM t");
        }
        assertThat(lines("SELECT refresh_mode, count(*) FROM pgtrickle.pgt_stream_tables GROUP BY 1 ORDER BY 1")).containsExactly("DIFFERENTIAL | 1", "FULL | 2");
        run("UPDATE t SET c1 = 5 WHERE id = 3");
        for (int calls : new int[] {20, 900}) {
            run("REFRESH MATERIALIZED VIEW w" + calls);
            assertThat(lines("SELECT n, s1, s2 FROM w" + calls)).containsExactly("2 | 6 | NULL");
        }
    }

    /** Whoever refreshes it from where: another session, the engine's own when a source was altered, another owner. */
    @ParameterizedTest
    @ValueSource(strings = {"ISO, MDY", "ISO, DMY", "ISO, YMD"}) // JDBC reads no others
    void textsAreReadAndWrittenAsInTheCreatorsSession(String dateStyle) {
        run("SET DateStyle = '" + dateStyle + "'", "SET IntervalStyle = 'sql_standard'", "SET bytea_output = 'escape'", "SET extra_float_digits = 0",
                "SET TimeZone = 'America/New_York'", "SET xmlbinary = 'hex'", "SET xmloption = 'document'", "SET quote_all_identifiers = on");
        run("CREATE TABLE t (id integer PRIMARY KEY, s text, at timestamptz, i interval, f float8, b bytea, p point)",
                "INSERT INTO t VALUES (1, '01/02/03', '2024-02-01 10:11:12+00', '-1 day 2 hours', 0.1::float8 + 0.2, '\\x01ff', '(0.30000000000000004,1)')");
        String query = "SELECT id, s::date AS d, at::text AS at, i::text AS i, f::text AS f, b::text AS b, at::date::text AS ad, s::date + interval '-1 month 2 days' AS m, "
                + "at > '0044-03-15 12:00:00+01 BC' AND at < '12024-03-15 12:00' AS late, at - interval '-1 1:00' AS earlier, f AS raw, p, id = ANY ('{1,2}') AS one FROM t";
        var v = view("v", query);
        var w = view("w", "SELECT s::date AS d, at::text AS at, max(i::text) AS i, count(*) AS n, max(f) AS f FROM t WHERE at >= '2024-02-01' GROUP BY s::date, at::text");
        run("CREATE MATERIALIZED VIEW x WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS SELECT xmlelement(name x, b)::text AS x, 't'::regclass::text AS n FROM t");
        var x = new StreamTable(alice, schema + ".x", "SELECT xmlelement(name x, b)::text AS x, '" + schema + ".t'::regclass::text AS n FROM " + schema + ".t", Oracle.exact());
        Client other = another();
        for (String change : new String[] {
                "INSERT INTO t VALUES (2, '02/03/04', '2024-07-01 10:11:12+00', '1 year -2 days', 1e-7, '\\x5c', NULL)",
                "UPDATE t SET f = f + 1e-16, p = '(0.3,1)', s = '03/03/04' WHERE id = 1", "ALTER TABLE t ADD UNIQUE (id, s)", "DELETE FROM t WHERE id = 2"}) {
            run(change);
            other.run("REFRESH MATERIALIZED VIEW v");
            other.run("REFRESH MATERIALIZED VIEW w");
            other.run("REFRESH MATERIALIZED VIEW x");
            v.matchesRecompute();
            w.matchesRecompute();
            run("SET search_path = ''");
            x.matchesRecompute();
            run("SET search_path = " + schema);
        }
        Client superuser = superuser();
        superuser.run("ALTER TABLE " + schema + ".v OWNER TO suite_bob");
        superuser.run("GRANT USAGE ON SCHEMA " + schema + " TO suite_bob");
        superuser.run("GRANT SELECT ON " + schema + ".t TO suite_bob");
        superuser.run("GRANT SELECT ON " + schema + ".v TO suite_alice");
        run("INSERT INTO t VALUES (3, '04/05/06', '2024-07-01 10:11:12+00', '1 year -2 days', 1e-7, '\\x5c', NULL)");
        superuser.run("REFRESH MATERIALIZED VIEW " + schema + ".v");
        v.matchesRecompute();
    }

    /** A float shown with few digits looks like another one; it is another one all the same. */
    @Test
    void changesBeyondTheDigitsShownAreChanges() {
        run("SET extra_float_digits = -10", "CREATE DOMAIN df AS float8", "CREATE TYPE pf AS (f float8)",
                "CREATE TABLE t (id integer, f float8, r real, p point, fs float8[], d df, c pf)", "CREATE TABLE u (id integer, f float8, p point)");
        String row = "1.00000000000001, 1.0001, '(1.00000000000001,2)', '{1.00000000000001}', 1.00000000000001, ROW(1.00000000000001)";
        run("INSERT INTO t VALUES (1, " + row + ")", "INSERT INTO u VALUES (1, 1.00000000000001, '(1.00000000000001,2)')");
        var v = view("v", "SELECT * FROM t");
        var u = view("u2", "SELECT * FROM u");
        run("SET extra_float_digits = 1");
        v.step("UPDATE t SET f = f + 1e-14").matchesRecompute().step("UPDATE t SET r = 1.0002").matchesRecompute().step("UPDATE t SET p = '(1.00000000000002,2)'").matchesRecompute()
                .step("UPDATE t SET fs = '{1.00000000000002}'").matchesRecompute().step("UPDATE t SET d = 1.00000000000002").matchesRecompute().step("UPDATE t SET c = ROW(1.00000000000002)").matchesRecompute();
        u.step("UPDATE u SET f = f + 1e-14").matchesRecompute().step("UPDATE u SET p = '(1.00000000000002,2)'").matchesRecompute()
                .step("UPDATE u SET f = 'NaN'", "INSERT INTO u VALUES (2, -0.0, NULL)").matchesRecompute().step("UPDATE u SET f = 0 WHERE id = 2").matchesRecompute();
    }

    @Test
    void constantsThatOtherSettingsReadOtherwise() {
        run("SET array_nulls = off", "CREATE TABLE t (id integer PRIMARY KEY, s text)", "INSERT INTO t VALUES (1, '{a,NULL}')",
                "CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS SELECT id, (s::text[])[2] AS x, ARRAY[NULL, 'b'] AS y FROM t");
        assertThat(lines("SELECT x, y FROM v")).containsExactly("NULL | {NULL,b}");
        assertThat(lines("SELECT x IS NULL FROM v")).containsExactly("f");
        run("SET array_nulls = on", "INSERT INTO t VALUES (2, '{NULL,NULL}')", "REFRESH MATERIALIZED VIEW v");
        assertThat(lines("SELECT id, x IS NULL AS n, y[1] IS NULL AS m FROM v ORDER BY 1")).containsExactly("1 | f | t", "2 | f | t");
    }
}
