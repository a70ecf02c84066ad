// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.stress;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.Lab;
import io.pgtrickle.suite.SqlError;
import io.pgtrickle.suite.SqlSuite;
import io.pgtrickle.suite.oracle.Oracle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/**
 * Every change exactly once, under concurrency: transfers between accounts by writers with pauses, savepoints, rollbacks,
 * REPEATABLE READ and one transaction of three seconds, against scheduled and manual refreshers, one of them killed again and
 * again. Every transfer writes two entries that add up to nothing, so a stream table that shows part of a transaction or
 * two moments at once is seen while it happens; at the end all must equal their queries.
 */
class StressIT extends SqlSuite {

    private static final Duration TIME = Duration.ofSeconds(Integer.getInteger("pgtrickle.stress.seconds", 10));

    private static final Map<String, String> VIEWS = new LinkedHashMap<>();

    static {
        VIEWS.put("per_branch", "SELECT branch, count(*) AS n, sum(balance) AS total, max(balance) AS richest FROM account GROUP BY branch");
        VIEWS.put("statement", "SELECT e.account_id, a.branch, e.amount, e.note FROM entry e JOIN account a ON a.id = e.account_id");
        VIEWS.put("turnover", "SELECT a.branch, sum(e.amount) AS total, count(*) AS n FROM entry e JOIN account a ON a.id = e.account_id GROUP BY a.branch");
        VIEWS.put("notes", "SELECT DISTINCT note FROM entry");
        VIEWS.put("overview", "SELECT b.branch, b.total, t.n FROM per_branch b JOIN turnover t ON t.branch = b.branch");
        VIEWS.put("sum_of_all", "SELECT sum(total) AS total, sum(n) AS n FROM turnover");
    }

    /** Serialization failure and deadlock: what any client of PostgreSQL has to expect and repeat. */
    private static final Set<String> REPEAT = Set.of("40001", "40P01");

    private final Queue<Throwable> surprises = new ConcurrentLinkedQueue<>();
    private final AtomicInteger commits = new AtomicInteger();
    private final AtomicInteger refreshes = new AtomicInteger();
    private final AtomicInteger exactComparisons = new AtomicInteger();
    private final AtomicInteger kills = new AtomicInteger();
    private volatile int victimPid;
    private volatile boolean writing = true;
    private volatile boolean refreshing = true;

    StressIT(Door door) {
        super(door);
    }

    @Test
    void everyChangeArrivesExactlyOnce() throws InterruptedException {
        run("CREATE TABLE account (id integer PRIMARY KEY, branch integer NOT NULL, balance numeric NOT NULL)",
                "CREATE TABLE entry (account_id integer, amount numeric, note text)",
                "INSERT INTO account SELECT i, i % 5, 100 FROM generate_series(1, 400) i");
        int number = 0;
        for (Map.Entry<String, String> view : VIEWS.entrySet()) {
            String schedule = number++ % 2 == 0 ? "100ms" : "1h";
            run("CREATE MATERIALIZED VIEW " + view.getKey() + " WITH (pgtrickle.stream = true, pgtrickle.mode = 'DIFFERENTIAL', pgtrickle.schedule = '"
                    + schedule + "') AS " + view.getValue());
        }
        List<Thread> writers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            int seed = i;
            writers.add(thread(() -> write(new SplittableRandom(seed), Duration.ofMillis(30))));
        }
        writers.add(thread(() -> write(new SplittableRandom(99), Duration.ofSeconds(3))));
        List<Thread> refreshers = List.of(
                thread(() -> refresh(new SplittableRandom(1), false)), thread(() -> refresh(new SplittableRandom(2), true)),
                thread(() -> compareInside(new SplittableRandom(3))), thread(this::kill), thread(this::watchInvariants));
        Thread.sleep(TIME);
        writing = false;
        for (Thread writer : writers) {
            writer.join();
        }
        refreshing = false;
        for (Thread refresher : refreshers) {
            refresher.join();
        }
        assertThat(surprises).isEmpty();
        settle();
        System.out.println(lab.door().name() + ": " + commits + " commits, " + refreshes + " refreshes, " + exactComparisons + " comparisons at one snapshot, "
                + kills + " kills");
        assertThat(commits.get()).isGreaterThan(50);
        assertThat(refreshes.get()).isGreaterThan(20);
        assertThat(kills.get()).isPositive();
    }

    private void settle() {
        VIEWS.keySet().forEach(view -> run("REFRESH MATERIALIZED VIEW " + view));
        VIEWS.forEach((view, query) -> Oracle.exact().check(alice, view, query));
        assertThat(lines("SELECT sum(total) FROM turnover")).isEqualTo(lines("SELECT sum(amount) FROM entry"));
    }

    private Thread thread(Runnable work) {
        return Thread.ofPlatform().start(() -> {
            try {
                work.run();
            } catch (RuntimeException | AssertionError e) {
                surprises.add(e);
            }
        });
    }

    private Client session() {
        Client client = lab.connect(Lab.ALICE);
        client.run("SET search_path = " + schema);
        client.run("SET statement_timeout = '30s'");
        return client;
    }

    private static void pause(SplittableRandom random, Duration longest) {
        LockSupport.parkNanos(random.nextLong(longest.toNanos()));
    }

    private void write(SplittableRandom random, Duration longestPause) {
        try (Client client = session()) {
            while (writing) {
                try {
                    client.run(random.nextInt(5) == 0 ? "BEGIN ISOLATION LEVEL REPEATABLE READ" : "BEGIN");
                    transfer(client, random);
                    pause(random, longestPause);
                    client.run("SAVEPOINT s");
                    transfer(client, random);
                    client.run(random.nextInt(3) == 0 ? "ROLLBACK TO SAVEPOINT s" : "RELEASE SAVEPOINT s");
                    occasional(client, random);
                    pause(random, longestPause);
                    client.run(random.nextInt(8) == 0 ? "ROLLBACK" : "COMMIT");
                    commits.incrementAndGet();
                } catch (SqlError e) {
                    if (!REPEAT.contains(e.sqlState())) {
                        throw e;
                    }
                    client.run("ROLLBACK");
                }
            }
        }
    }

    private static void transfer(Client client, SplittableRandom random) {
        int from = random.nextInt(1, 401);
        int to = random.nextInt(1, 401);
        int amount = random.nextInt(1, 50);
        client.run("UPDATE account SET balance = balance + CASE id WHEN " + from + " THEN -" + amount + " ELSE " + amount + " END WHERE id IN ("
                + Math.min(from, to) + ", " + Math.max(from, to) + ") AND " + from + " <> " + to);
        client.run("INSERT INTO entry VALUES (" + from + ", -" + amount + ", 'n" + amount + "'), (" + to + ", " + amount + ", 'n" + amount + "')");
    }

    /** Changes that leave every sum as it is: an account moves, pairs of entries go. */
    private static void occasional(Client client, SplittableRandom random) {
        switch (random.nextInt(5)) {
            case 0 -> client.run("UPDATE account SET branch = (branch + 1) % 5 WHERE id = " + random.nextInt(1, 401));
            case 1 -> client.run("DELETE FROM entry WHERE note = 'n" + random.nextInt(1, 50) + "'");
            default -> {}
        }
    }

    /** On one server connection that is its own, whichever way it comes in, so that nobody else is hit. */
    private Client victimSession() {
        Client client = session();
        client.run("LISTEN victim");
        victimPid = client.backendPid();
        return client;
    }

    private void refresh(SplittableRandom random, boolean victim) {
        List<String> views = List.copyOf(VIEWS.keySet());
        Client client = victim ? victimSession() : session();
        while (refreshing) {
            try {
                boolean block = random.nextInt(3) == 0;
                if (block) {
                    client.run("BEGIN");
                }
                client.run("REFRESH MATERIALIZED VIEW " + views.get(random.nextInt(views.size())));
                if (block) {
                    pause(random, Duration.ofMillis(50));
                    client.run(random.nextInt(3) == 0 ? "ROLLBACK" : "COMMIT");
                }
                refreshes.incrementAndGet();
                pause(random, Duration.ofMillis(20));
            } catch (SqlError e) {
                if (REPEAT.contains(e.sqlState())) {
                    client.run("ROLLBACK");
                } else if (victim && (e.sqlState().equals("57P01") || e.sqlState().startsWith("08"))) {
                    client.close();
                    client = victimSession();
                } else {
                    throw e;
                }
            }
        }
        client.close();
    }

    /** A refresh in a REPEATABLE READ block happens at the block's snapshot: there it must be exactly right, writers or not. */
    private void compareInside(SplittableRandom random) {
        List<String> views = List.of("per_branch", "statement", "turnover", "notes");
        try (Client client = session()) {
            while (refreshing) {
                String view = views.get(random.nextInt(views.size()));
                try {
                    client.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
                    client.run("REFRESH MATERIALIZED VIEW " + view);
                    Oracle.exact().check(client, view, String.valueOf(VIEWS.get(view)));
                    client.run("COMMIT");
                    exactComparisons.incrementAndGet();
                } catch (SqlError e) {
                    if (!REPEAT.contains(e.sqlState())) {
                        throw e;
                    }
                    client.run("ROLLBACK");
                }
                pause(random, Duration.ofMillis(50));
            }
        }
    }

    private void kill() {
        SplittableRandom random = new SplittableRandom(4);
        try (Client direct = lab.direct()) {
            while (refreshing) {
                pause(random, Duration.ofMillis(1500));
                if (victimPid != 0) {
                    direct.run("SELECT pg_terminate_backend(" + victimPid + ")");
                    kills.incrementAndGet();
                }
            }
        }
    }

    private void watchInvariants() {
        try (Client client = session()) {
            while (refreshing) {
                assertThat(client.query("SELECT coalesce(sum(total), 0) FROM turnover").single()).as("entries come in pairs").isEqualTo("0");
                assertThat(client.query("SELECT sum(total) FROM per_branch").single()).as("money is only moved").isEqualTo("40000");
                assertThat(client.query("SELECT coalesce(sum(amount), 0) FROM statement").single()).isEqualTo("0");
                LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
            }
        }
    }
}
