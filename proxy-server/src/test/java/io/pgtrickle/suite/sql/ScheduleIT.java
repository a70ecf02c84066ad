// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.sql;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.Lab;
import io.pgtrickle.suite.SqlSuite;
import io.pgtrickle.suite.oracle.Oracle;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Stream tables on stream tables, and the scheduler that keeps them fresh. */
class ScheduleIT extends SqlSuite {

    private static final Duration PATIENCE = Duration.ofSeconds(15);

    ScheduleIT(Door door) {
        super(door);
    }

    @BeforeEach
    void source() {
        run("CREATE TABLE t (id integer PRIMARY KEY, g text, x integer)", "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2)");
    }

    private static String scheduled(String name, String query) {
        return "CREATE MATERIALIZED VIEW " + name + " WITH (pgtrickle.stream = true, pgtrickle.schedule = '100ms') AS " + query;
    }

    private void eventually(String relation, String query) {
        Instant end = Instant.now().plus(PATIENCE);
        while (!Oracle.exact().compare(alice, relation, query).isEmpty() && Instant.now().isBefore(end)) {
            LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
        }
        Oracle.exact().check(alice, relation, query);
    }

    @Test
    void aChainIsRefreshedByHandInOrder() {
        var v = view("v", "SELECT g, sum(x) AS s FROM t GROUP BY g");
        var w = view("w", "SELECT count(*) AS n, sum(s) AS s FROM v");
        var x = view("x", "SELECT w.s, v.g FROM v JOIN w ON v.s < w.s");
        v.step("INSERT INTO t VALUES (3, 'c', 3)", "UPDATE t SET x = 10 WHERE id = 1").delta("-1 | a | 1", "+1 | a | 10", "+1 | c | 3").matchesRecompute();
        w.step().delta("-1 | 2 | 3", "+1 | 3 | 15").matchesRecompute();
        x.step().matchesRecompute();
        x.step().noDelta();
    }

    @Test
    void aDiamondMeetsAgain() {
        var l = view("l", "SELECT g, count(*) AS n FROM t GROUP BY g");
        var r = view("r", "SELECT g, sum(x) AS s FROM t GROUP BY g");
        var d = view("d", "SELECT l.g, l.n, r.s, t.id FROM l JOIN r ON l.g = r.g JOIN t ON t.g = l.g");
        run("UPDATE t SET g = 'b'", "INSERT INTO t VALUES (5, 'q', 5)", "DELETE FROM t WHERE id = 2");
        l.step().matchesRecompute();
        r.step().matchesRecompute();
        d.step().matchesRecompute();
    }

    @Test
    void aCommittedChangeArrivesByItself() {
        String query = "SELECT g, sum(x) AS s FROM t GROUP BY g";
        run(scheduled("v", query));
        for (int i = 10; i < 13; i++) {
            run("INSERT INTO t VALUES (" + i + ", 'a', 5)");
            eventually("v", query);
        }
        assertThat(lines("SELECT DISTINCT initiated_by FROM pgtrickle.pgt_refresh_history WHERE action = 'DIFFERENTIAL'")).contains("SCHEDULER");
    }

    @Test
    void aChainFollowsItsHead() {
        String sums = "SELECT g, sum(x) AS s FROM t GROUP BY g";
        String total = "SELECT sum(s) AS s FROM v";
        String joined = "SELECT v.g, w.s FROM v JOIN w ON true";
        run(scheduled("v", sums), scheduled("w", total), scheduled("x", joined), "INSERT INTO t VALUES (3, 'c', 30)", "DELETE FROM t WHERE id = 1");
        eventually("v", sums);
        eventually("w", total);
        eventually("x", joined);
    }

    @Test
    void aTickRefreshesAChainInDependencyOrder() {
        run(scheduled("v", "SELECT g, sum(x) AS s FROM t GROUP BY g"), scheduled("w", "SELECT sum(s) AS s FROM v"));
        run("INSERT INTO t VALUES (3, 'c', 30)");
        eventually("w", "SELECT sum(x)::numeric AS s FROM t");
        assertThat(lines("SELECT s.pgt_name FROM pgtrickle.pgt_refresh_history h JOIN pgtrickle.pgt_stream_tables s USING (pgt_id) "
                + "WHERE h.action = 'DIFFERENTIAL' ORDER BY h.refresh_id")).startsWith("v", "w");
    }

    @Test
    void aStreamTableCreatedInARepeatableReadBlockIsPutRight() {
        String query = "SELECT id, x FROM t";
        Client other = another();
        run("BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT count(*) FROM t");
        other.run("INSERT INTO t VALUES (3, 'c', 3)");
        run(scheduled("v", query), "COMMIT");
        other.run("INSERT INTO t VALUES (4, 'd', 4)");
        eventually("v", query);
    }

    @Test
    void aTransactionLeftOpenDoesNotHoldTheOthersUp() {
        String query = "SELECT id, x FROM t";
        run(scheduled("v", query));
        Client slow = another();
        slow.run("BEGIN");
        slow.run("INSERT INTO t VALUES (50, 'slow', 50)");
        run("INSERT INTO t VALUES (3, 'c', 3)");
        eventually("v", query);
        slow.run("INSERT INTO t VALUES (51, 'slow', 51)");
        slow.run("COMMIT");
        eventually("v", query);
    }

    @Test
    void timeoutsThatTheDatabaseHasForItsSessionsAreNotTheEngines() {
        String query = "SELECT id, slow(x) AS x FROM t";
        run("CREATE FUNCTION slow(x integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM pg_sleep(0.05); RETURN x; END'",
                scheduled("v", query));
        Client admin = superuser();
        String database = admin.query("SELECT current_database()").single();
        List<String> timeouts = List.of("transaction_timeout", "statement_timeout", "idle_session_timeout", "idle_in_transaction_session_timeout");
        timeouts.forEach(timeout -> run("SET " + timeout + " = '30s'"));
        timeouts.forEach(timeout -> admin.run("ALTER DATABASE " + database + " SET " + timeout + " = '200ms'"));
        try {
            admin.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'pgtrickle%'");
            run("INSERT INTO t SELECT i, 'c', i FROM generate_series(3, 12) AS i");
            eventually("v", query);
            assertThat(lines("SELECT status FROM pgtrickle.pgt_stream_tables WHERE pgt_name = 'v'")).containsExactly("ACTIVE");
        } finally {
            timeouts.forEach(timeout -> admin.run("ALTER DATABASE " + database + " RESET " + timeout));
        }
    }

    @Test
    void aBrokenStreamTableDoesNotStopTheOthers() {
        run("CREATE MATERIALIZED VIEW bad WITH (pgtrickle.stream = true, pgtrickle.schedule = '100ms') AS SELECT id, 10 / x AS y FROM t");
        run(scheduled("v", "SELECT id FROM t"), "INSERT INTO t VALUES (3, 'c', 0)");
        eventually("v", "SELECT id FROM t");
        Instant end = Instant.now().plus(PATIENCE);
        String errors = "SELECT last_error_message FROM pgtrickle.pgt_stream_tables WHERE pgt_name = 'bad'";
        while (query(errors).single() == null && Instant.now().isBefore(end)) {
            LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
        }
        assertThat(query(errors).single()).isEqualTo("22012: the owner finds the message in pgtrickle.pgt_refresh_history");
        assertThat(lines("SELECT DISTINCT error_message FROM pgtrickle.pgt_refresh_history WHERE status = 'FAILED'")).containsExactly("22012: division by zero");
        run("UPDATE t SET x = 1 WHERE x = 0", "REFRESH MATERIALIZED VIEW bad");
        Oracle.exact().check(alice, "bad", "SELECT id, 10 / x AS y FROM t");
    }

    @Test
    void oneOwnersSlowStreamTablesDoNotStopTheOthers() {
        run("GRANT CREATE, USAGE ON SCHEMA " + schema + " TO " + Lab.BOB);
        Client bob = connect(Lab.BOB);
        bob.run("SET search_path = " + schema);
        bob.run("CREATE TABLE bobs (id integer)");
        bob.run("CREATE FUNCTION nap(i integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS "
                + "$$BEGIN IF session_user <> '" + Lab.BOB + "' THEN PERFORM pg_sleep(7); END IF; RETURN i; END$$");
        for (int i = 1; i <= 6; i++) {
            bob.run(scheduled("slow" + i, "SELECT nap(id) AS id FROM bobs"));
        }
        run(scheduled("v", "SELECT id FROM t"));
        ListAppender<ILoggingEvent> said = new ListAppender<>();
        said.start();
        Logger scheduler = (Logger) LoggerFactory.getLogger("io.pgtrickle.dvm.scheduler");
        scheduler.addAppender(said);
        bob.run("INSERT INTO bobs VALUES (1)");
        LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
        Instant start = Instant.now();
        run("INSERT INTO t VALUES (3, 'c', 3)");
        eventually("v", "SELECT id FROM t");
        assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(4));
        while (said.list.stream().noneMatch(event -> event.getFormattedMessage().contains("takes more than")) && Instant.now().isBefore(start.plus(PATIENCE))) {
            LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
        }
        scheduler.detachAppender(said);
        assertThat(List.copyOf(said.list)).filteredOn(event -> event.getLevel().isGreaterOrEqual(Level.WARN)).extracting(ILoggingEvent::getFormattedMessage)
                .isNotEmpty().allMatch(line -> line.contains("the refresh of " + schema + ".slow") && line.contains("owned by " + Lab.BOB));
        bob.run("CREATE OR REPLACE FUNCTION nap(i integer) RETURNS integer LANGUAGE sql IMMUTABLE RETURN i");
    }

    @Test
    void somebodyElsesWritesOutsideTheProductArriveToo() {
        run(scheduled("v", "SELECT id FROM t"));
        try (Client direct = lab.direct()) {
            direct.run("INSERT INTO " + schema + ".t VALUES (77, 'direct', 1)");
        }
        eventually("v", "SELECT id FROM t");
    }

    @Test
    void aStreamTableIsAnalysedOnceItIsFilled() {
        run(scheduled("v", "SELECT g, sum(x) AS s FROM t GROUP BY g"));
        Instant end = Instant.now().plus(PATIENCE);
        String unknown = "SELECT c.relname FROM pg_class c WHERE c.reltuples < 0 AND c.relkind = 'r' AND (c.oid = 'v'::regclass "
                + "OR c.relnamespace = 'pgtrickle_state'::regnamespace AND c.relname LIKE 'v\\_%s%')";
        while (!lines(unknown).isEmpty() && Instant.now().isBefore(end)) {
            LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
        }
        assertThat(lines(unknown)).isEmpty();
        assertThat(lines("SELECT reltuples FROM pg_class WHERE oid = 'v'::regclass")).containsExactly("2");
    }
}
