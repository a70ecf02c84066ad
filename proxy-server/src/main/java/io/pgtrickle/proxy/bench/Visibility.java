// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench;

import io.pgtrickle.proxy.probe.FrontDoor;
import io.pgtrickle.proxy.probe.Sql;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.SplittableRandom;

/** How long after its commit a row can be seen in a stream table that the scheduler refreshes. */
public final class Visibility {

    /** In milliseconds. */
    public record Result(String schedule, int commits, double median, double p95) {}

    private static final String SCHEDULE = "100ms";
    private static final Duration GIVE_UP = Duration.ofSeconds(30);
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(1);
    private static final int LONGEST_PAUSE_MILLIS = 300;
    private static final int ROWS = 10_000;
    private static final int WARM_UPS = 3;

    private final FrontDoor proxy;
    private final FrontDoor direct;
    private final int commits;

    Visibility(FrontDoor proxy, FrontDoor direct, int commits) {
        this.proxy = proxy;
        this.direct = direct;
        this.commits = commits;
    }

    Result run() throws SQLException, InterruptedException {
        try (Connection writer = proxy.connect("pgtrickle bench");
                Connection reader = direct.connect("pgtrickle bench")) {
            Sql.run(
                    writer,
                    "CREATE TABLE events (id bigint PRIMARY KEY, val int NOT NULL)",
                    "INSERT INTO events SELECT i, i FROM generate_series(1, %d) AS i".formatted(ROWS),
                    "CREATE MATERIALIZED VIEW seen WITH (pgtrickle.stream = true, pgtrickle.schedule = '%s') AS SELECT id, val FROM events WHERE val > 0"
                            .formatted(SCHEDULE));
            Samples samples = new Samples();
            SplittableRandom random = new SplittableRandom(42);
            for (int i = -WARM_UPS; i < commits; i++) {
                // not in step with the schedule
                Thread.sleep(random.nextInt(LONGEST_PAUSE_MILLIS));
                double millis = commitAndWait(writer, reader, 1_000_000L + i);
                if (i >= 0) {
                    samples.add(millis);
                }
            }
            Sql.run(writer, "DROP MATERIALIZED VIEW seen");
            return new Result(SCHEDULE, samples.count(), samples.median(), samples.percentile(95));
        }
    }

    private static double commitAndWait(Connection writer, Connection reader, long id) throws SQLException, InterruptedException {
        try (PreparedStatement look = reader.prepareStatement("SELECT EXISTS (SELECT FROM seen WHERE id = ?)")) {
            look.setLong(1, id);
            Sql.update(writer, "INSERT INTO events VALUES (?, 1)", id);
            long committed = System.nanoTime();
            while (!isTrue(look)) {
                if (System.nanoTime() - committed > GIVE_UP.toNanos()) {
                    throw new SQLException("A committed row did not appear in its stream table within " + GIVE_UP.toSeconds() + " s");
                }
                Thread.sleep(BETWEEN_LOOKS);
            }
            return (System.nanoTime() - committed) / 1e6;
        }
    }

    private static boolean isTrue(PreparedStatement look) throws SQLException {
        try (ResultSet result = look.executeQuery()) {
            return result.next() && result.getBoolean(1);
        }
    }
}
