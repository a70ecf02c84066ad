// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.demo;

import io.pgtrickle.dvm.error.ErrorCode;
import io.pgtrickle.proxy.probe.FrontDoor;
import io.pgtrickle.proxy.probe.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * The demo against a running proxy: loads the shop, creates the stream tables, then lets writers, self-checks and timings
 * run side by side, each on a virtual thread, while the caller's thread draws the live view.
 */
public final class Demo {

    private static final int QUICK_WRITERS = 4;
    private static final int SLOW_WRITERS = 1;

    /** The SQLSTATE of a catalog that is not this build's. */
    private static final String OTHER_BUILD = ErrorCode.CATALOG_OF_ANOTHER_BUILD.sqlState();

    private static final String NO_SUCH_TABLE = ErrorCode.STREAM_TABLE_NOT_FOUND.sqlState();

    private interface Task {
        void run(Loop loop) throws SQLException, InterruptedException;
    }

    private final FrontDoor door;
    private final Frame frame;
    private final Board board = new Board();
    private final Traffic traffic = new Traffic();
    private final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
    private List<StyledLine> lastFrame = List.of();
    private Duration elapsed = Duration.ZERO;

    /** @param reachedBy the command with which people look into the running demo */
    public Demo(FrontDoor door, String reachedBy) {
        this.door = door;
        this.frame = new Frame(reachedBy);
    }

    public void prepare(Progress progress) throws SQLException {
        try (Connection connection = door.connect("pgtrickle demo")) {
            FullRefreshes fullRefreshes = new FullRefreshes(door, board);
            dropWhatIsThere(connection, progress);
            Shop shop = new Shop(connection, progress);
            if (shop.isLoaded()) {
                progress.say("The shop is here from the last run");
            } else {
                shop.load();
            }
            try (Progress.Task task = progress.begin("Creating stream tables", ShopView.ALL.size())) {
                for (ShopView view : ShopView.ALL) {
                    task.step(view.name());
                    Sql.run(connection, view.createStreamTable());
                }
            }
            try (Progress.Task task = progress.begin("Timing full refreshes", ShopView.ALL.size())) {
                fullRefreshes.prepare(connection, task);
            }
        }
    }

    /** The catalog may be that of a build whose scripts were others; what it has made for the demo is made again. */
    private static void dropWhatIsThere(Connection connection, Progress progress) throws SQLException {
        Sql.run(connection, "DROP SCHEMA IF EXISTS " + FullRefreshes.SCHEMA + " CASCADE");
        try {
            for (ShopView view : ShopView.ALL.reversed()) {
                dropStreamTable(connection, view);
            }
        } catch (SQLException e) {
            if (!OTHER_BUILD.equals(e.getSQLState())) {
                throw e;
            }
            progress.say("Another build of pgtrickle was here before: its stream tables are made anew");
            Sql.run(connection, "DROP SCHEMA pgtrickle, pgtrickle_state, pgtrickle_changes CASCADE");
            for (ShopView view : ShopView.ALL.reversed()) {
                Sql.run(connection, "DROP TABLE IF EXISTS " + view.name() + " CASCADE");
            }
        }
    }

    /** By the function, which only an engine that can work answers. */
    private static void dropStreamTable(Connection connection, ShopView view) throws SQLException {
        try {
            Sql.run(connection, "SELECT pgtrickle.drop_stream_table('" + view.name() + "')");
        } catch (SQLException e) {
            if (!NO_SUCH_TABLE.equals(e.getSQLState())) {
                throw e;
            }
        }
    }

    /** Runs until the limit or until somebody ends the loop; afterwards every stream table has been checked once more. */
    public Outcome run(Loop loop, Duration limit, Screen screen) throws SQLException, InterruptedException {
        List<Thread> threads = start(loop);
        long begin = System.nanoTime();
        do {
            elapsed = Duration.ofNanos(System.nanoTime() - begin);
            draw(screen);
        } while (elapsed.compareTo(limit) < 0 && failures.isEmpty() && loop.pause(shorter(screen.interval(), limit.minus(elapsed))));
        loop.end();
        for (Thread thread : threads) {
            thread.join();
        }
        if (failures.isEmpty()) {
            new SelfCheck(door, board).runOnce();
            draw(screen);
        }
        screen.end();
        return new Outcome(elapsed, board.lines(), traffic.count(), List.copyOf(failures), lastFrame);
    }

    private List<Thread> start(Loop loop) {
        List<Thread> threads = new ArrayList<>();
        int writers = QUICK_WRITERS + SLOW_WRITERS;
        for (int i = 0; i < writers; i++) {
            ShopWriter.Habit habit = i < QUICK_WRITERS ? ShopWriter.Habit.QUICK : ShopWriter.Habit.SLOW;
            threads.add(start("writer " + (i + 1), loop, new ShopWriter(door, i, writers, habit, traffic)::run));
        }
        threads.add(start("self-check", loop, new SelfCheck(door, board)::run));
        threads.add(start("full refreshes", loop, new FullRefreshes(door, board)::run));
        threads.add(start("catalog", loop, new CatalogWatch(door, board)::run));
        return threads;
    }

    /** Whatever fails ends the demo: nothing in it is expected to fail. */
    private Thread start(String name, Loop loop, Task task) {
        return Thread.ofVirtual().name("demo " + name).start(() -> {
            try {
                task.run(loop);
            } catch (SQLException | RuntimeException e) {
                failures.add(name + ": " + e.getMessage());
                loop.end();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private void draw(Screen screen) {
        List<Board.Line> tables = board.lines();
        Traffic.Count count = traffic.count();
        lastFrame = frame.draw(elapsed, tables, count);
        screen.show(elapsed, tables, count, lastFrame);
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }
}
