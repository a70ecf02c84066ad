// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.Lab;
import io.pgtrickle.suite.SqlError;
import io.pgtrickle.suite.SqlSuite;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A stream table's owner puts a function into the query that behaves as long as the owner runs it, and tries to gain the
 * rights of whoever refreshes later: the engine, or a superuser in a session of his own.
 */
class HostileOwnerIT extends SqlSuite {

    HostileOwnerIT(Door door) {
        super(door);
    }

    @BeforeEach
    void tables() {
        run("CREATE TABLE e (a int)", "CREATE TABLE log (line text)", "GRANT ALL ON log TO public");
        run("CREATE FUNCTION note() RETURNS int LANGUAGE plpgsql AS $$BEGIN INSERT INTO " + schema + ".log VALUES (current_user); RETURN 1; END$$");
    }

    /** A function of the query that does {@code attack} whenever somebody other than its owner is logged in. */
    private void function(String attack) {
        run("CREATE FUNCTION attack() RETURNS void LANGUAGE plpgsql VOLATILE AS $$BEGIN " + attack + " END$$");
        run("CREATE FUNCTION harmless(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN IF session_user <> '" + Lab.ALICE
                + "' THEN PERFORM " + schema + ".attack(); END IF; RETURN i; END$$");
    }

    private void scheduled(String schedule, String name) {
        run("CREATE MATERIALIZED VIEW " + name + " WITH (pgtrickle.stream = true, pgtrickle.mode = 'DIFFERENTIAL', pgtrickle.schedule = '"
                + schedule + "') AS SELECT a, harmless(a) AS b FROM e");
    }

    private void awaitRow(String name) {
        Instant end = Instant.now().plus(Duration.ofSeconds(20));
        while (lines("SELECT a FROM " + name).isEmpty() && Instant.now().isBefore(end)) {
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
        assertThat(lines("SELECT a FROM " + name)).containsExactly("1");
    }

    private static final String HOLD_CURSOR = "EXECUTE 'DECLARE hc CURSOR WITH HOLD FOR SELECT note()';";

    @Test
    void aCursorThatOutlivesTheRefreshDoesNotRunAsTheEngine() {
        function(HOLD_CURSOR.replace("note()", schema + ".note()"));
        scheduled("50ms", "v");
        run("INSERT INTO e VALUES (1)");
        awaitRow("v");
        assertThat(lines("SELECT * FROM log")).isEmpty();
    }

    @Test
    void aCursorThatOutlivesTheRefreshDoesNotRunAsTheSuperuserWhoRefreshes() {
        function(HOLD_CURSOR.replace("note()", schema + ".note()"));
        scheduled("1h", "v");
        run("INSERT INTO e VALUES (1)");
        superuser().run("REFRESH MATERIALIZED VIEW " + schema + ".v");
        assertThat(lines("SELECT a FROM v")).containsExactly("1");
        assertThat(lines("SELECT * FROM log")).isEmpty();
    }

    @Test
    void aSettingThatOutlivesTheRefreshDoesNotBendTheEnginesOwnStatements() {
        run("CREATE FUNCTION eq(text, text) RETURNS bool LANGUAGE plpgsql AS $$BEGIN IF current_user <> '" + Lab.ALICE
                + "' THEN INSERT INTO " + schema + ".log VALUES (current_user); END IF; RETURN $1 OPERATOR(pg_catalog.=) $2; END$$");
        run("CREATE FUNCTION eq(bigint, bigint) RETURNS bool LANGUAGE plpgsql AS $$BEGIN IF current_user <> '" + Lab.ALICE
                + "' THEN INSERT INTO " + schema + ".log VALUES (current_user); END IF; RETURN $1 OPERATOR(pg_catalog.=) $2; END$$");
        run("CREATE OPERATOR = (LEFTARG = text, RIGHTARG = text, FUNCTION = eq)", "CREATE OPERATOR = (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = eq)");
        run("CREATE FUNCTION set_config(text, text, bool) RETURNS text LANGUAGE plpgsql AS $$BEGIN PERFORM " + schema
                + ".note(); RETURN pg_catalog.set_config($1, $2, $3); END$$");
        function("PERFORM pg_catalog.set_config('search_path', '" + schema + ", pg_catalog', false);");
        scheduled("50ms", "v");
        run("INSERT INTO e VALUES (1)");
        awaitRow("v");
        scheduled("50ms", "w");
        run("INSERT INTO e VALUES (2)");
        Client superuser = superuser();
        String before = superuser.query("SHOW search_path").single();
        superuser.run("REFRESH MATERIALIZED VIEW " + schema + ".v");
        assertThat(superuser.query("SHOW search_path").single()).isEqualTo(before);
        assertThat(lines("SELECT DISTINCT line FROM log")).isEmpty();
    }

    /** Bob's stream table, on which he has granted alice what counts for nothing in PostgreSQL's materialized views. */
    private void bobs(String name) {
        Client bob = connect(Lab.BOB);
        run("GRANT CREATE, USAGE ON SCHEMA " + schema + " TO " + Lab.BOB);
        bob.run("SET search_path = " + schema);
        bob.run("CREATE TABLE bobs (a int)");
        bob.run(create(name, "SELECT a FROM bobs"));
        bob.run("GRANT ALL ON " + name + " TO " + Lab.ALICE);
    }

    @Test
    void aRefreshOpensNoOtherStreamTable() {
        bobs("w");
        function("BEGIN INSERT INTO " + schema + ".w VALUES (666); EXCEPTION WHEN wrong_object_type THEN INSERT INTO "
                + schema + ".log VALUES (SQLERRM); END;");
        scheduled("1h", "v");
        run("INSERT INTO e VALUES (1)");
        superuser().run("REFRESH MATERIALIZED VIEW " + schema + ".v");
        assertThat(lines("SELECT line FROM log")).containsExactly("cannot change materialized view \"w\"");
        assertThat(lines("SELECT a FROM w")).isEmpty();
    }

    @Test
    void whatShowsARefreshIsWorthlessAfterIt() {
        run("CREATE FUNCTION spy(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN "
                + "PERFORM set_config('spy.permit', current_setting('pgtrickle.permit', true), false); RETURN i; END$$");
        run(create("SELECT a, spy(a) AS b FROM e"), "INSERT INTO e VALUES (1)", "BEGIN", "REFRESH MATERIALIZED VIEW v");
        assertThat(lines("SELECT length(set_config('pgtrickle.permit', current_setting('spy.permit'), true))")).containsExactly("64");
        assertThat(failure("DELETE FROM v").text()).isEqualTo("cannot change materialized view \"v\"");
        run("ROLLBACK");
    }

    @Test
    void aTimeoutThatOutlivesTheRefreshStopsNobodyElse() {
        function("PERFORM set_config('statement_timeout', '1', false), set_config('default_transaction_read_only', 'on', false);");
        scheduled("50ms", "v");
        run("INSERT INTO e VALUES (1)");
        awaitRow("v");
        run("CREATE TABLE other (a int)", "CREATE MATERIALIZED VIEW w WITH (pgtrickle.stream = true, pgtrickle.schedule = '50ms') AS SELECT a FROM other",
                "INSERT INTO other VALUES (1)");
        awaitRow("w");
    }

    /** What {@code evil} does in the session of the superuser who refreshes must fail there, and leave nothing. */
    private Client refusedInTheSuperusersSession(String evil) {
        function("IF session_user <> '" + Lab.ALICE + "' THEN " + evil + " END IF;");
        scheduled("1h", "v");
        run("INSERT INTO e VALUES (1)");
        Client superuser = superuser();
        superuser.run("PREPARE mine AS SELECT 42");
        SqlError refused = failure(superuser, "REFRESH MATERIALIZED VIEW " + schema + ".v");
        assertThat(refused.sqlState()).isEqualTo("42501");
        assertThat(refused.text()).startsWith("a function of the stream table's owner has prepared statements");
        return superuser;
    }

    @Test
    void aPreparedStatementIsNotReplaced() {
        Client superuser = refusedInTheSuperusersSession(
                "EXECUTE 'DEALLOCATE mine'; EXECUTE 'PREPARE mine AS SELECT " + schema + ".note()';");
        assertThat(failure(superuser, "EXECUTE mine").sqlState()).isEqualTo("26000");
        assertThat(lines("SELECT * FROM log")).isEmpty();
    }

    @Test
    void aTemporaryViewHidesNothing() {
        Client superuser = refusedInTheSuperusersSession("EXECUTE 'CREATE TEMP VIEW e AS SELECT 1 AS a';");
        assertThat(superuser.query("SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()").single()).isEqualTo("0");
        assertThat(superuser.query("EXECUTE mine").single()).isEqualTo("42");
    }

    @Test
    void analyzeRunsNoFunctionOfAUsersTypeAsTheEngine() {
        run("CREATE FUNCTION gap(int, int) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$BEGIN IF current_user <> '"
                + Lab.ALICE + "' THEN PERFORM " + schema + ".note(); END IF; RETURN $1 - $2; END$$");
        run("CREATE TYPE span AS RANGE (subtype = int, subtype_diff = gap)", "CREATE TABLE spans (id int PRIMARY KEY, s span)",
                create("spans_view", "SELECT id, s FROM spans"), create("spans_group", "SELECT s, count(*) AS n FROM spans GROUP BY s"),
                "INSERT INTO spans SELECT i, span(i, i + 5) FROM generate_series(1, 500) AS i", "REFRESH MATERIALIZED VIEW spans_group");
        superuser().run("ANALYZE");
        assertThat(lines("SELECT * FROM log")).isEmpty();
    }

    /** The text of a function that the engine makes holds names of the user's. */
    @Test
    void aColumnNameDoesNotLeaveTheCaptureFunctionItStandsIn() {
        run("SET check_function_bodies = off");
        for (String quote : new String[] {"$pgt$", "$$", "'"}) {
            String column = "\"x" + quote + ";comment on schema pgtrickle is 'x';select " + quote + "\"";
            run("DROP TABLE IF EXISTS odd", "CREATE TABLE odd (id int PRIMARY KEY, " + column + " int)",
                    create("SELECT id, " + column + " FROM odd"), "INSERT INTO odd VALUES (1, 1)", "REFRESH MATERIALIZED VIEW v");
            assertThat(lines("SELECT id FROM v")).containsExactly("1");
            assertThat(lines("SELECT obj_description('pgtrickle'::regnamespace, 'pg_namespace') IS NULL")).containsExactly("t");
            run("DROP MATERIALIZED VIEW v");
        }
    }

    /** The function that runs the programs is its owner's, who may alter how it runs. */
    private void alterRunFunction(String how) {
        String id = lines("SELECT pgt_id FROM pgtrickle.pgt_stream_tables WHERE pgt_relid = 'v'::regclass").getFirst();
        run("ALTER FUNCTION pgtrickle_state.run_" + id + "(text) " + how);
    }

    /** Who has what he needs locks nothing that others need while he computes for long. */
    @Test
    void aRefreshThatTakesLongKeepsNobodyFromMakingAStreamTable() {
        run("CREATE TABLE t (id int PRIMARY KEY)", "GRANT SELECT ON t TO " + Lab.BOB, "GRANT CREATE, USAGE ON SCHEMA " + schema + " TO " + Lab.BOB);
        Client bob = connect(Lab.BOB);
        bob.run("SET search_path = " + schema);
        bob.run(create("bobs_first", "SELECT id FROM t"));
        bob.run("BEGIN");
        bob.run(create("bobs_second", "SELECT count(*) FROM t"));
        run("SET statement_timeout = '5s'", create("SELECT id FROM t"));
        bob.run("COMMIT");
    }

    private static final String LEAVE_ROLE = "BEGIN EXECUTE 'RESET ROLE'; PERFORM note(); EXCEPTION WHEN OTHERS THEN NULL; END;";

    @Test
    void anAlteredRunFunctionDoesNotRunAsTheEngine() {
        for (String how : new String[] {"SECURITY INVOKER SET role = " + Lab.ALICE, "SECURITY INVOKER", "SET role = " + Lab.ALICE, "RESET ALL"}) {
            run("DROP MATERIALIZED VIEW IF EXISTS v", "DROP FUNCTION IF EXISTS harmless(int), attack()", "TRUNCATE e");
            function(LEAVE_ROLE.replace("note()", schema + ".note()"));
            scheduled("50ms", "v");
            alterRunFunction(how);
            run("INSERT INTO e VALUES (1)");
            awaitRow("v");
            assertThat(lines("SELECT DISTINCT line FROM log")).isSubsetOf(Lab.ALICE);
            run("INSERT INTO e VALUES (2)", "DELETE FROM e WHERE a = 1", "REFRESH MATERIALIZED VIEW v");
            assertThat(lines("SELECT a, b FROM v")).containsExactly("2 | 2");
        }
    }

    /** Should the owner be quick enough to alter it after the engine has looked. */
    @Test
    void theEngineDoesNotLeaveItsRightsToAnAlteredRunFunction() {
        function(LEAVE_ROLE.replace("note()", schema + ".note()"));
        scheduled("1h", "v");
        alterRunFunction("SECURITY INVOKER SET role = " + Lab.ALICE);
        SqlError refused = failure(superuser(), "SELECT r.* FROM pgtrickle.pgt_stream_tables t, pgtrickle.pgt_run(t.pgt_id, 'SELECT 1', false, false) r "
                + "WHERE t.pgt_name = 'v' AND t.pgt_schema = '" + schema + "'");
        assertThat(refused.sqlState()).isEqualTo("42501");
        assertThat(refused.text()).isEqualTo("cannot set parameter \"role\" within security-definer function");
    }

    /**
     * Table x, whose deferred trigger, told to run before COMMIT, makes another wait, which opens a cursor that COMMIT runs with the rights
     * of whoever is logged in.
     */
    private void waiting() {
        run("CREATE TABLE x (a int)", "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql SET search_path = " + schema
                + " AS $$BEGIN SET CONSTRAINTS ALL DEFERRED; IF (SELECT count(*) FROM x) = 1 THEN INSERT INTO x VALUES (2); "
                + "ELSE EXECUTE 'DECLARE hc CURSOR WITH HOLD FOR SELECT note()'; END IF; RETURN NULL; END$$");
        run("CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON x DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()");
    }

    private void refusedBecauseOf(String relation) {
        run("INSERT INTO e VALUES (1)");
        SqlError refused = failure(superuser(), "REFRESH MATERIALIZED VIEW " + schema + ".v");
        assertThat(refused.sqlState()).isEqualTo("42501");
        assertThat(refused.text()).isEqualTo("a deferrable trigger of " + schema + "." + relation
                + " might run after the refresh with the rights of whoever refreshes");
        assertThat(lines("SELECT * FROM log")).isEmpty();
        run("DROP MATERIALIZED VIEW v");
        scheduled("50ms", "v");
        run("TRUNCATE log, x");
        attachTriggers(relation);
        run("INSERT INTO e VALUES (2)");
        Instant end = Instant.now().plus(Duration.ofSeconds(20));
        while (lines("SELECT 1 FROM pgtrickle.pgt_stream_tables WHERE pgt_relid = 'v'::regclass AND last_error_message LIKE '42501: a deferrable trigger of %'").isEmpty()) {
            assertThat(Instant.now()).isBefore(end);
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
        assertThat(lines("SELECT * FROM log")).isEmpty();
        run("REFRESH MATERIALIZED VIEW v");
        assertThat(lines("SELECT a FROM v ORDER BY 1")).containsExactly("1", "2");
    }

    private void attachTriggers(String relation) {
        if (relation.equals("v")) {
            run("CREATE CONSTRAINT TRIGGER poke AFTER INSERT ON v DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION poke()");
        }
    }

    @Test
    void aFunctionOfTheQueryLeavesNoTriggerBehind() {
        waiting();
        function("INSERT INTO " + schema + ".x VALUES (1);");
        scheduled("1h", "v");
        refusedBecauseOf("x");
    }

    @Test
    void aTriggerOfTheStreamTableLeavesNoTriggerBehind() {
        waiting();
        run("CREATE FUNCTION poke() RETURNS trigger LANGUAGE plpgsql SET search_path = " + schema + " AS $$BEGIN IF session_user <> '" + Lab.ALICE
                + "' THEN SET CONSTRAINTS ALL DEFERRED; INSERT INTO x VALUES (1); END IF; RETURN NULL; END$$");
        run("CREATE FUNCTION harmless(i int) RETURNS int LANGUAGE sql IMMUTABLE RETURN i");
        scheduled("1h", "v");
        attachTriggers("v");
        refusedBecauseOf("v");
    }

    /** What the refreshing user has written himself is no reason to refuse anything. */
    @Test
    void constraintsThatAreCheckedAtCommitAreNoAttack() {
        run("CREATE FUNCTION harmless(i int) RETURNS int LANGUAGE sql IMMUTABLE RETURN i", "CREATE TABLE p (a int PRIMARY KEY)",
                "CREATE TABLE f (a int REFERENCES p DEFERRABLE INITIALLY DEFERRED)", "INSERT INTO p VALUES (1), (2)");
        for (String schedule : new String[] {"1h", "50ms"}) {
            scheduled(schedule, "v");
            run("ALTER TABLE v ADD UNIQUE (a) DEFERRABLE INITIALLY DEFERRED", "ALTER TABLE v ADD FOREIGN KEY (b) REFERENCES p DEFERRABLE INITIALLY DEFERRED",
                    "INSERT INTO e VALUES (1)");
            if (schedule.equals("1h")) {
                Client superuser = superuser();
                superuser.run("BEGIN");
                superuser.run("INSERT INTO " + schema + ".f VALUES (1)");
                superuser.run("REFRESH MATERIALIZED VIEW " + schema + ".v");
                superuser.run("COMMIT");
            }
            awaitRow("v");
            run("DROP MATERIALIZED VIEW v", "TRUNCATE e");
        }
        scheduled("1h", "v");
        run("ALTER TABLE v ADD FOREIGN KEY (b) REFERENCES p DEFERRABLE INITIALLY DEFERRED", "INSERT INTO e VALUES (3)");
        assertThat(failure(superuser(), "REFRESH MATERIALIZED VIEW " + schema + ".v").sqlState()).isEqualTo("23503");
    }

    /** A temporary type comes before those of PostgreSQL wherever a type is named without its schema. The refresh fails; a sequence remembers. */
    @Test
    void aTemporaryTypeTakesNobodysPlace() {
        run("CREATE SEQUENCE seen");
        for (String type : new String[] {"text", "bool"}) {
            String name = "v_" + type;
            run("CREATE FUNCTION look(pg_catalog." + type + ") RETURNS bool LANGUAGE plpgsql AS $$BEGIN IF current_user <> '" + Lab.ALICE + "' THEN PERFORM nextval('"
                    + schema + ".seen'); END IF; RETURN true; END$$");
            run("CREATE OR REPLACE FUNCTION attack() RETURNS void LANGUAGE plpgsql VOLATILE AS $$BEGIN EXECUTE 'CREATE DOMAIN pg_temp." + type
                    + " AS pg_catalog." + type + " CHECK (" + schema + ".look(value))'; END$$");
            run("CREATE OR REPLACE FUNCTION harmless(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN IF session_user <> '" + Lab.ALICE
                    + "' THEN PERFORM " + schema + ".attack(); END IF; RETURN i; END$$");
            scheduled("1h", name);
            run("INSERT INTO e VALUES (1)");
            assertThat(failure(superuser(), "REFRESH MATERIALIZED VIEW " + schema + "." + name).sqlState()).isEqualTo("42501");
            assertThat(query("SELECT is_called FROM seen").single()).as(type).isIn("f", "false");
        }
    }
}
