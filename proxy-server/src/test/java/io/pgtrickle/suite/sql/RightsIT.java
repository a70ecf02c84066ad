// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.Lab;
import io.pgtrickle.suite.SqlError;
import io.pgtrickle.suite.SqlSuite;
import io.pgtrickle.suite.oracle.Oracle;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may do what: PostgreSQL's rules for materialized views, and nobody writes to a stream table by hand. */
class RightsIT extends SqlSuite {

    RightsIT(Door door) {
        super(door);
    }

    @BeforeEach
    void source() {
        run("CREATE TABLE t (id integer PRIMARY KEY, name text)", "INSERT INTO t VALUES (1, 'a'), (2, 'b')");
    }

    private Client bob() {
        Client bob = connect(Lab.BOB);
        bob.run("SET search_path = " + schema);
        return bob;
    }

    @ParameterizedTest
    @ValueSource(strings = {"INSERT INTO v VALUES (9)", "UPDATE v SET id = 9", "DELETE FROM v", "TRUNCATE v",
            "MERGE INTO v USING t ON v.id = t.id WHEN MATCHED THEN DELETE", "INSERT INTO v SELECT 1 ON CONFLICT DO NOTHING"})
    void directChangesAreRefusedForOwnerAndSuperuser(String sql) {
        run(create("SELECT id FROM t"));
        SqlError error = failure(sql);
        assertThat(error.sqlState()).isEqualTo("42809");
        assertThat(error.text()).isEqualTo("cannot change materialized view \"v\"");
        Client superuser = superuser();
        superuser.run("SET search_path = " + schema);
        assertThat(failure(superuser, sql).sqlState()).isEqualTo("42809");
        Oracle.exact().check(alice, "v", "SELECT id FROM t");
    }

    @Test
    void noSettingOpensTheStreamTable() {
        run(create("SELECT id FROM t"));
        Client guesser = another();
        guesser.run("SET pgtrickle.permit = 'on'");
        assertThat(failure(guesser, "DELETE FROM v").sqlState()).isEqualTo("42809");
        run("BEGIN", "REFRESH MATERIALIZED VIEW v");
        assertThat(failure("DELETE FROM v").sqlState()).as("after a refresh in the same transaction").isEqualTo("42809");
        run("ROLLBACK");
    }

    @Test
    void theStreamTableBelongsToWhoCreatedIt() {
        run(create("SELECT id FROM t"));
        assertThat(lines("SELECT relowner::regrole FROM pg_class WHERE oid = 'v'::regclass")).containsExactly(Lab.ALICE);
    }

    @Test
    void setRoleDecidesTheOwner() {
        Client superuser = superuser();
        superuser.run("SET search_path = " + schema);
        superuser.run("BEGIN");
        superuser.run("SET LOCAL ROLE " + Lab.ALICE);
        superuser.run(create("SELECT id FROM t"));
        superuser.run("COMMIT");
        assertThat(lines("SELECT relowner::regrole FROM pg_class WHERE oid = 'v'::regclass")).containsExactly(Lab.ALICE);
        run("INSERT INTO t VALUES (3, 'c')", "REFRESH MATERIALIZED VIEW v");
        Oracle.exact().check(alice, "v", "SELECT id FROM t");
    }

    @Test
    void othersMayNeitherDropNorRefresh() {
        run(create("SELECT id FROM t"), "GRANT USAGE ON SCHEMA " + schema + " TO " + Lab.BOB);
        Client bob = bob();
        assertThat(failure(bob, "DROP MATERIALIZED VIEW v").sqlState()).isEqualTo("42501");
        assertThat(failure(bob, "REFRESH MATERIALIZED VIEW v").sqlState()).isEqualTo("42501");
        assertThat(failure(bob, "SELECT pgtrickle.refresh_stream_table('v')").sqlState()).isEqualTo("42501");
        assertThat(failure(bob, "SELECT pgtrickle.drop_stream_table('v')").sqlState()).isEqualTo("42501");
        assertThat(failure(bob, "SELECT * FROM v").sqlState()).isEqualTo("42501");
        run("GRANT SELECT ON v TO " + Lab.BOB);
        assertThat(bob.query("SELECT * FROM v ORDER BY 1").lines()).containsExactly("1", "2");
    }

    @Test
    void maintainIsEnoughToRefresh() {
        run(create("SELECT id FROM t"), "GRANT USAGE ON SCHEMA " + schema + " TO " + Lab.BOB, "GRANT MAINTAIN ON v TO " + Lab.BOB,
                "INSERT INTO t VALUES (3, 'c')");
        bob().run("REFRESH MATERIALIZED VIEW v");
        Oracle.exact().check(alice, "v", "SELECT id FROM t");
    }

    @Test
    void creatingNeedsSelectOnTheSourcesAndCreateOnTheSchema() {
        run(create("first", "SELECT id FROM t"), "GRANT USAGE ON SCHEMA " + schema + " TO " + Lab.BOB);
        Client bob = bob();
        bob.run("CREATE SCHEMA " + schema + "_bob");
        assertThat(failure(bob, create(schema + "_bob.v", "SELECT id FROM t")).sqlState()).isEqualTo("42501");
        run("GRANT SELECT ON t TO " + Lab.BOB);
        assertThat(failure(bob, create(schema + ".v", "SELECT id FROM t")).sqlState()).isEqualTo("42501");
    }

    @Test
    void readingAnothersTableIsEnoughForAStreamTableOnIt() {
        run("GRANT USAGE ON SCHEMA " + schema + " TO " + Lab.BOB, "GRANT SELECT ON t TO " + Lab.BOB);
        Client bob = bob();
        bob.run("CREATE SCHEMA " + schema + "_bob");
        bob.run(create(schema + "_bob.v", "SELECT name, count(*) AS n FROM t GROUP BY name"));
        run("INSERT INTO t VALUES (3, 'a')");
        bob.run("REFRESH MATERIALIZED VIEW " + schema + "_bob.v");
        Oracle.exact().check(bob, schema + "_bob.v", "SELECT name, count(*) AS n FROM t GROUP BY name");
        bob.run("DROP MATERIALIZED VIEW " + schema + "_bob.v");
        bob.run("DROP SCHEMA " + schema + "_bob");
    }

    @Test
    void aWriterNeedsNoRightsOnOurSchemas() {
        run(create("SELECT id FROM t"), "GRANT USAGE ON SCHEMA " + schema + " TO " + Lab.BOB, "GRANT INSERT ON t TO " + Lab.BOB);
        bob().run("INSERT INTO t VALUES (3, 'bob')");
        run("REFRESH MATERIALIZED VIEW v");
        Oracle.exact().check(alice, "v", "SELECT id FROM t");
    }

    @Test
    void refreshRunsWithTheOwnersRightsWhoeverAsks() {
        run("CREATE FUNCTION who(integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT current_user::text $$");
        run(create("SELECT id, who(id) AS w FROM t"), "INSERT INTO t VALUES (3, 'c')");
        Client superuser = superuser();
        superuser.run("REFRESH MATERIALIZED VIEW " + schema + ".v");
        assertThat(lines("SELECT DISTINCT w FROM v")).containsExactly(Lab.ALICE);
    }

    @Test
    void searchPathDecidesAtCreationAndNeverAgain() {
        run("CREATE SCHEMA " + schema + "_b", "CREATE TABLE " + schema + "_b.t (id integer)", "INSERT INTO " + schema + "_b.t VALUES (77)");
        run("CREATE FUNCTION twice(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2'");
        run("CREATE FUNCTION " + schema + "_b.twice(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT -1'");
        run(create("SELECT twice(id) AS x FROM t"), "SET search_path = " + schema + "_b", "INSERT INTO " + schema + ".t VALUES (3, 'c')",
                "REFRESH MATERIALIZED VIEW " + schema + ".v");
        assertThat(lines("SELECT x FROM " + schema + ".v ORDER BY 1")).containsExactly("2", "4", "6");
        run("SET search_path = " + schema, "DROP SCHEMA " + schema + "_b CASCADE");
    }

    @ParameterizedTest
    @ValueSource(strings = {"DELETE FROM pgtrickle.pgt_stream_tables", "UPDATE pgtrickle.pgt_stream_tables SET refresh_mode = 'FULL'",
            "INSERT INTO pgtrickle.pgt_dependencies SELECT * FROM pgtrickle.pgt_dependencies", "SELECT * FROM pgtrickle.pgt_secret",
            "SELECT * FROM pgtrickle.engine_exec('SELECT 1', false, 1, 'deadbeef')"})
    void theEnginesOwnObjectsAreClosed(String sql) {
        run(create("SELECT id FROM t"));
        assertThat(failure(sql).sqlState()).isEqualTo("42501");
    }

    @Test
    void theCatalogCanBeReadByEverybody() {
        run(create("SELECT id FROM t"));
        assertThat(bob().query("SELECT pgt_name FROM pgtrickle.pgt_stream_tables").lines()).containsExactly("v");
    }

    @Test
    void whatMayNotBeReadIsSaidBeforeWhatCannotBeMaintained() {
        run(create("first", "SELECT id FROM t"), "GRANT USAGE ON SCHEMA " + schema + " TO " + Lab.BOB);
        Client bob = bob();
        bob.run("CREATE SCHEMA " + schema + "_bob");
        for (String query : new String[] {"SELECT id FROM t", "SELECT random() FROM t", "SELECT id FROM t WITH NO DATA"}) {
            SqlError error = failure(bob, create(schema + "_bob.v", query));
            assertThat(error.sqlState()).isEqualTo("42501");
            assertThat(error.text()).isEqualTo("permission denied for table t");
        }
        run("GRANT SELECT (id) ON t TO " + Lab.BOB);
        bob.run(create(schema + "_bob.v", "SELECT id FROM t"));
        assertThat(failure(bob, create(schema + "_bob.w", "SELECT name FROM t")).sqlState()).isEqualTo("42501");
        bob.run("DROP MATERIALIZED VIEW " + schema + "_bob.v");
        bob.run("DROP SCHEMA " + schema + "_bob");
    }

    @Test
    void captureCannotBePutOnAnothersTable() {
        run(create("SELECT id FROM t"));
        String function = query("SELECT 'pgtrickle_changes.pg_trickle_cdc_ins_' || 't'::regclass::oid").single();
        Client bob = bob();
        bob.run("CREATE TABLE pg_temp.fake (id integer, name text)");
        assertThat(failure(bob, "CREATE TRIGGER tr AFTER INSERT ON pg_temp.fake REFERENCING NEW TABLE AS __pgt_new FOR EACH STATEMENT EXECUTE FUNCTION " + function + "()")
                .sqlState()).isEqualTo("42501");
    }

    @Test
    void whatTheOwnerChangesWithTheGuardOffIsUndoneByTheNextRefresh() {
        run(create("SELECT id FROM t"), "ALTER TABLE v DISABLE TRIGGER USER", "DELETE FROM v", "REFRESH MATERIALIZED VIEW v");
        Oracle.exact().check(alice, "v", "SELECT id FROM t");
        assertThat(failure("DELETE FROM v").sqlState()).isEqualTo("42809");
        run("ALTER TABLE v DISABLE TRIGGER USER", "DELETE FROM v", "ALTER TABLE v ENABLE ALWAYS TRIGGER pgt_dml_guard",
                "ALTER TABLE v ENABLE ALWAYS TRIGGER pgt_truncate_guard", "REFRESH MATERIALIZED VIEW v");
        Oracle.exact().check(alice, "v", "SELECT id FROM t");
    }

    @Test
    void aStreamTableWhoseColumnsWereAlteredSaysSo() {
        run(create("SELECT id, name FROM t"), "ALTER TABLE v DROP COLUMN name");
        SqlError error = failure("REFRESH MATERIALIZED VIEW v");
        assertThat(error.sqlState()).isEqualTo("42P16");
        assertThat(error.text()).contains("no longer those of its query");
    }

    @Test
    void anOwnerDropsEverythingThatIsHis() {
        run("GRANT SELECT ON t TO " + Lab.BOB, "GRANT CREATE, USAGE ON SCHEMA " + schema + " TO " + Lab.BOB);
        Client bob = connect(Lab.BOB);
        bob.run("SET search_path = " + schema);
        bob.run(create("bobs_scan", "SELECT id FROM t"));
        bob.run(create("bobs_count", "SELECT name, count(*) AS n FROM t GROUP BY name"));
        run(create("SELECT id FROM t"));
        bob.run("DROP OWNED BY " + Lab.BOB);
        assertThat(bob.query("SELECT to_regclass('bobs_scan') IS NULL AND to_regclass('bobs_count') IS NULL").single()).isEqualTo("t");
        String rights = "SELECT count(*) FROM pg_shdepend d JOIN pg_class c ON c.oid = d.objid AND d.classid = 'pg_class'::regclass "
                + "WHERE d.refobjid = '" + Lab.BOB + "'::regrole AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) "
                + "AND c.relnamespace::regnamespace::text LIKE 'pgtrickle%'";
        for (int i = 0; i < 500 && !"0".equals(query(rights).single()); i++) {
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
        assertThat(query(rights).single()).as("rights that would keep the role from being dropped").isEqualTo("0");
        run("INSERT INTO t VALUES (77, 'x')", "REFRESH MATERIALIZED VIEW v");
        Oracle.exact().check(alice, "v", "SELECT id FROM t");
    }

    @Test
    void whoMayNoLongerReadASourceGetsNothingNewOutOfIt() {
        run("CREATE TABLE secrets (id integer PRIMARY KEY, g integer, s text)", "INSERT INTO secrets VALUES (1, 1, 'old')",
                "GRANT SELECT ON secrets TO " + Lab.BOB, "GRANT CREATE, USAGE ON SCHEMA " + schema + " TO " + Lab.BOB);
        Client bob = connect(Lab.BOB);
        bob.run("SET search_path = " + schema);
        bob.run(create("scan", "SELECT * FROM secrets"));
        bob.run(create("groups", "SELECT g, count(*) AS n FROM secrets GROUP BY g"));
        run("INSERT INTO secrets VALUES (2, 1, 'seen')");
        bob.run("REFRESH MATERIALIZED VIEW scan");
        String buffer = "pgtrickle_changes.changes_" + query("SELECT 'secrets'::regclass::oid").single();
        assertThat(bob.query("SELECT id FROM " + buffer).lines()).containsExactly("2");
        run("REVOKE SELECT ON secrets FROM " + Lab.BOB, "INSERT INTO secrets VALUES (3, 1, 'top')");
        assertThat(failure(bob, "SELECT id FROM " + buffer).sqlState()).as("at once").isEqualTo("42501");
        for (String name : new String[] {"scan", "groups"}) {
            assertThat(failure(bob, "REFRESH MATERIALIZED VIEW " + name).sqlState()).isEqualTo("42501");
        }
        assertThat(bob.query("SELECT id FROM scan ORDER BY id").lines()).containsExactly("1", "2");
        String mayRead = "SELECT has_any_column_privilege('" + Lab.BOB + "', '" + buffer + "', 'SELECT')";
        for (int i = 0; i < 500 && "t".equals(query(mayRead).single()); i++) {
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
        assertThat(query(mayRead).single()).isEqualTo("f");
        assertThat(failure(bob, "REFRESH MATERIALIZED VIEW scan").sqlState()).isEqualTo("42501");
        run("GRANT SELECT ON secrets TO " + Lab.BOB);
        bob.run("REFRESH MATERIALIZED VIEW scan");
        assertThat(bob.query("SELECT count(*) FROM scan").single()).isEqualTo("3");
    }

    @Test
    void reassignedStreamTablesGoOn() {
        run("CREATE TABLE r (id integer PRIMARY KEY)", "GRANT SELECT ON r TO " + Lab.BOB, "GRANT CREATE, USAGE ON SCHEMA " + schema + " TO " + Lab.BOB);
        Client bob = connect(Lab.BOB);
        bob.run("SET search_path = " + schema);
        bob.run(create("SELECT id FROM r"));
        superuser().run("REASSIGN OWNED BY " + Lab.BOB + " TO " + Lab.ALICE);
        run("INSERT INTO r VALUES (1)", "REFRESH MATERIALIZED VIEW v");
        assertThat(lines("SELECT id FROM v")).containsExactly("1");
    }

    private static final String AUTO = "CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS ";

    /** A table of alice's of which bob sees what is his. */
    private Client policed() {
        run("CREATE TABLE rt (id integer PRIMARY KEY, o text)", "INSERT INTO rt VALUES (1, 'a'), (2, 'b')", "ALTER TABLE rt ENABLE ROW LEVEL SECURITY",
                "CREATE POLICY p ON rt USING (o = 'a')", "GRANT SELECT ON rt TO " + Lab.BOB, "GRANT CREATE, USAGE ON SCHEMA " + schema + " TO " + Lab.BOB);
        return bob();
    }

    private static void refreshed(Client client, String... ids) {
        client.run("REFRESH MATERIALIZED VIEW v");
        assertThat(client.query("SELECT id FROM v ORDER BY id").lines()).containsExactly(ids);
    }

    @ParameterizedTest
    @ValueSource(strings = {"SELECT * FROM rt", "SELECT id, count(*) AS n FROM rt GROUP BY id", "SELECT id FROM own", "SELECT id FROM invoker", "SELECT id FROM barrier"})
    void policiesThatChangeAreFollowed(String query) {
        Client bob = policed();
        bob.run("CREATE VIEW own AS SELECT * FROM rt");
        bob.run("CREATE VIEW invoker WITH (security_invoker = true) AS SELECT * FROM rt");
        bob.run("CREATE VIEW barrier WITH (security_barrier = true) AS SELECT * FROM rt");
        bob.run(AUTO + query);
        refreshed(bob, "1");
        run("ALTER POLICY p ON rt USING (o = 'b')");
        refreshed(bob, "2");
        run("CREATE POLICY q ON rt USING (o = 'a')");
        refreshed(bob, "1", "2");
        run("DROP POLICY p ON rt");
        refreshed(bob, "1");
        run("ALTER TABLE rt DISABLE ROW LEVEL SECURITY");
        refreshed(bob, "1", "2");
    }

    @Test
    void rolesThatChangeAreFollowed() {
        Client bob = policed();
        Client superuser = superuser();
        superuser.run("ALTER ROLE " + Lab.BOB + " BYPASSRLS");
        try {
            bob.run(AUTO + "SELECT * FROM rt");
            run("INSERT INTO rt VALUES (3, 'c')");
            refreshed(bob, "1", "2", "3");
            assertThat(bob.query("SELECT effective_refresh_mode FROM pgtrickle.pgt_stream_tables").lines()).containsExactly("DIFFERENTIAL");
        } finally {
            superuser.run("ALTER ROLE " + Lab.BOB + " NOBYPASSRLS");
        }
        refreshed(bob, "1");
    }

    @Test
    void theOwnersExemptionThatEndsIsFollowed() {
        policed();
        run(AUTO + "SELECT * FROM rt", "INSERT INTO rt VALUES (3, 'c')");
        refreshed(alice, "1", "2", "3");
        assertThat(lines("SELECT effective_refresh_mode FROM pgtrickle.pgt_stream_tables")).containsExactly("DIFFERENTIAL");
        run("ALTER TABLE rt FORCE ROW LEVEL SECURITY");
        refreshed(alice, "1");
        run("ALTER POLICY p ON rt USING (o <> 'a')");
        refreshed(alice, "2", "3");
        run("ALTER TABLE rt NO FORCE ROW LEVEL SECURITY", "INSERT INTO rt VALUES (4, 'd')");
        refreshed(alice, "1", "2", "3", "4");
        Client superuser = superuser();
        superuser.run("ALTER TABLE " + schema + ".rt OWNER TO " + Lab.BOB);
        superuser.run("GRANT SELECT ON " + schema + ".rt TO " + Lab.ALICE);
        refreshed(alice, "2", "3", "4");
    }

    @Test
    void theRowsOfAnothersViewAreThoseItsOwnerSees() {
        Client bob = policed();
        bob.run("CREATE VIEW own AS SELECT * FROM rt");
        bob.run("GRANT SELECT ON own TO " + Lab.ALICE);
        run(AUTO + "SELECT id FROM own", "INSERT INTO rt VALUES (3, 'c'), (4, 'a')");
        refreshed(alice, "1", "4");
    }

    @Test
    void whatTheServerSaysOfValuesIsForTheOwner() {
        run("CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.schedule = '50ms') AS SELECT id, name::date FROM t WHERE id > 2",
                "INSERT INTO t VALUES (3, 'private')");
        String failed = "SELECT DISTINCT error_message FROM pgtrickle.pgt_refresh_history WHERE status = 'FAILED'";
        for (int i = 0; i < 500 && lines(failed).isEmpty(); i++) {
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
        assertThat(lines(failed)).singleElement().asString().contains("private");
        assertThat(superuser().query(failed).lines()).isEqualTo(lines(failed));
        Client bob = bob();
        assertThat(bob.query(failed).lines()).isEmpty();
        assertThat(bob.query("SELECT count(*) > 0 FROM pgtrickle.pgt_refresh_history").single()).isEqualTo("t");
        assertThat(bob.query("SELECT last_action FROM pgtrickle.pg_stat_stream_tables").lines()).isNotEmpty();
        for (String open : new String[] {"pgt_stream_tables", "stream_tables_info"}) {
            assertThat(bob.query("SELECT last_error_message FROM pgtrickle." + open).lines())
                    .singleElement().asString().startsWith("22").doesNotContain("private");
        }
    }
}
