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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Users' DDL while the scheduler refreshes and upkeep cleans up: in a deadlock the engine is the victim, never the user. */
class GivingWayIT extends SqlSuite {

    private static final Duration PATIENCE = Duration.ofSeconds(15);

    GivingWayIT(Door door) {
        super(door);
    }

    private static String scheduled(String name, String query) {
        return "CREATE MATERIALIZED VIEW " + name + " WITH (pgtrickle.stream = true, pgtrickle.schedule = '100ms') AS " + query;
    }

    private static void eventually(Client direct, String condition) {
        Instant end = Instant.now().plus(PATIENCE);
        while (!"t".equals(direct.query("SELECT " + condition).single()) && Instant.now().isBefore(end)) {
            LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
        }
        assertThat(direct.query("SELECT " + condition).single()).as(condition).isEqualTo("t");
    }

    private String waitsFor(String relation, String who) {
        return "EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND l.relation = '"
                + schema + "." + relation + "'::regclass AND " + who + ")";
    }

    private String engineWaitsFor(String relation) {
        return waitsFor(relation, "a.application_name LIKE 'pgtrickle engine%'");
    }

    /** The refresh has locked t and waits for u; the user, who has locked v, wants t; then the refresh wants v. */
    @Test
    void aRefreshGivesWayToAUserWhoWaitedFirst() {
        run("CREATE TABLE t (id integer PRIMARY KEY)", "CREATE TABLE u (id integer PRIMARY KEY)",
                scheduled("v", "SELECT id FROM t UNION ALL SELECT id FROM u"));
        Client other = another();
        run("BEGIN", "LOCK TABLE v IN ACCESS EXCLUSIVE MODE");
        int alicePid = alice.backendPid(); // within the transaction, as connections may be shared
        other.run("BEGIN");
        other.run("LOCK TABLE u IN ACCESS EXCLUSIVE MODE");
        try (Client direct = lab.direct(); var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            direct.run("INSERT INTO " + schema + ".t VALUES (1)");
            eventually(direct, engineWaitsFor("u"));
            var locked = CompletableFuture.runAsync(() -> run("LOCK TABLE t IN ACCESS EXCLUSIVE MODE"), threads);
            // On a slow machine the refresh may have given up already.
            eventually(direct, waitsFor("t", "a.pid = " + alicePid) + " OR EXISTS (SELECT FROM pg_locks WHERE granted AND mode = 'AccessExclusiveLock' AND pid = "
                    + alicePid + " AND relation = '" + schema + ".t'::regclass)");
            other.run("ROLLBACK");
            locked.join();
            run("ROLLBACK");
            eventually(direct, "EXISTS (SELECT FROM " + schema + ".v)");
        }
        Oracle.exact().check(alice, "v", "SELECT id FROM t UNION ALL SELECT id FROM u");
    }

    /** The refresh has locked t and waits for v; a moment later the user, who has locked v, wants t. */
    @Test
    void aRefreshThatWaitsForAUserGivesUpBeforeTheUserLooksForDeadlocks() {
        run("CREATE TABLE t (id integer PRIMARY KEY)", scheduled("v", "SELECT id FROM t"));
        run("BEGIN", "LOCK TABLE v IN ACCESS EXCLUSIVE MODE");
        try (Client direct = lab.direct()) {
            direct.run("INSERT INTO " + schema + ".t VALUES (1)");
            eventually(direct, engineWaitsFor("v"));
            LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
            run("LOCK TABLE t IN ACCESS EXCLUSIVE MODE", "ROLLBACK");
            eventually(direct, "EXISTS (SELECT FROM " + schema + ".v)");
        }
        Oracle.exact().check(alice, "v", "SELECT id FROM t");
    }

    @Test
    void schemasCanBeDroppedWhileTheirStreamTablesAreRefreshed() {
        int users = 3;
        ListAppender<ILoggingEvent> said = new ListAppender<>();
        said.start();
        Logger scheduler = (Logger) LoggerFactory.getLogger("io.pgtrickle.dvm.scheduler");
        scheduler.addAppender(said);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<CompletableFuture<Void>> loops = IntStream.range(0, users)
                    .mapToObj(user -> CompletableFuture.runAsync(() -> createAndDrop(schema + "_" + user, 8), threads))
                    .toList();
            loops.forEach(CompletableFuture::join);
        }
        try (Client direct = lab.direct()) {
            eventually(direct, "NOT EXISTS (SELECT FROM pgtrickle.pgt_stream_tables)");
        }
        awaitNoCapture(lab);
        scheduler.detachAppender(said);
        assertThat(said.list).filteredOn(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
                .extracting(ILoggingEvent::getFormattedMessage).as("warnings about what was meant to be dropped").isEmpty();
    }

    private void createAndDrop(String name, int rounds) {
        try (Client client = lab.connect(Lab.ALICE); Client direct = lab.direct()) {
            for (int round = 0; round < rounds; round++) {
                client.run("CREATE SCHEMA " + name);
                client.run("SET search_path = " + name);
                for (String table : List.of("t", "u", "x")) {
                    client.run("CREATE TABLE " + table + " (id integer PRIMARY KEY, v integer)");
                }
                client.run(scheduled("a", "SELECT t.id, u.v FROM t JOIN u ON t.id = u.id"));
                client.run(scheduled("b", "SELECT u.v, count(*) AS n, max(x.id) AS m FROM u JOIN x ON u.id = x.id GROUP BY u.v"));
                client.run(scheduled("c", "SELECT a.id, b.n FROM a JOIN b ON a.v = b.v"));
                client.run("CREATE VIEW d AS SELECT * FROM c");
                for (int i = 0; i < 5; i++) {
                    for (String table : List.of("x", "u", "t")) {
                        client.run("INSERT INTO " + table + " SELECT " + (i * 20) + " + g, g % 3 FROM generate_series(1, 20) g");
                    }
                    LockSupport.parkNanos(Duration.ofMillis(20 + round * 7L).toNanos());
                }
                (round % 2 == 0 ? direct : client).run("DROP SCHEMA " + name + " CASCADE");
            }
        }
    }
}
