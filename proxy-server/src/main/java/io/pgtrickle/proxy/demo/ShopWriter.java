// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.demo;

import io.pgtrickle.proxy.probe.FrontDoor;
import io.pgtrickle.proxy.probe.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;

/**
 * One client that keeps changing the shop. Customers and products are divided among the writers by id, so that no
 * writer waits for another one's rows, however long its transaction. Runs on a thread of its own.
 */
final class ShopWriter {

    /** How a writer spends its time. */
    enum Habit {
        QUICK(Duration.ofMillis(20), Duration.ofMillis(150), Duration.ZERO, 3),
        /** Keeps a transaction open for seconds and changes something now and then. */
        SLOW(Duration.ofMillis(300), Duration.ofMillis(1200), Duration.ofMillis(600), 6);

        final Duration shortestPause;
        final Duration longestPause;
        final Duration thinking;
        final int mostChanges;

        Habit(Duration shortestPause, Duration longestPause, Duration thinking, int mostChanges) {
            this.shortestPause = shortestPause;
            this.longestPause = longestPause;
            this.thinking = thinking;
            this.mostChanges = mostChanges;
        }
    }

    private static final int ROLLBACK_PERCENT = 15;

    private final FrontDoor door;
    private final int number;
    private final int writers;
    private final Habit habit;
    private final Traffic traffic;
    private final SplittableRandom random;

    ShopWriter(FrontDoor door, int number, int writers, Habit habit, Traffic traffic) {
        this.door = door;
        this.number = number;
        this.writers = writers;
        this.habit = habit;
        this.traffic = traffic;
        this.random = new SplittableRandom(number);
    }

    void run(Loop loop) throws SQLException, InterruptedException {
        try (Connection connection = door.connect("pgtrickle demo writer " + (number + 1))) {
            connection.setAutoCommit(false);
            do {
                transaction(connection, loop);
            } while (loop.pause(between(habit.shortestPause, habit.longestPause)));
        }
    }

    private void transaction(Connection connection, Loop loop) throws SQLException, InterruptedException {
        if (habit == Habit.SLOW) {
            traffic.longTransactionBegan();
        }
        int rows = 0;
        int changes = 1 + random.nextInt(habit.mostChanges);
        for (int i = 0; i < changes; i++) {
            rows += change(connection);
            if (!habit.thinking.isZero()) {
                loop.pause(habit.thinking);
            }
        }
        if (random.nextInt(100) < ROLLBACK_PERCENT) {
            connection.rollback();
            traffic.rolledBack();
        } else {
            connection.commit();
            traffic.committed(rows);
        }
        if (habit == Habit.SLOW) {
            traffic.longTransactionEnded();
        }
    }

    /** The number of rows changed. New and cancelled orders balance, so the shop keeps its size. */
    private int change(Connection connection) throws SQLException {
        int dice = random.nextInt(100);
        if (dice < 32) {
            return placeOrder(connection);
        } else if (dice < 64) {
            return cancelOrder(connection);
        } else if (dice < 88) {
            return advanceOrder(connection);
        } else if (dice < 95) {
            return moveCustomer(connection);
        }
        return changePrice(connection);
    }

    private int placeOrder(Connection connection) throws SQLException {
        long order = Sql.number(
                connection,
                "INSERT INTO orders (customer_id, status, ordered_at) VALUES (?, 'new', now()) RETURNING id",
                customer());
        int lines = 1 + random.nextInt(5);
        for (int line = 1; line <= lines; line++) {
            addLine(connection, order, line);
        }
        if (random.nextInt(4) == 0) {
            Savepoint savepoint = connection.setSavepoint();
            addLine(connection, order, lines + 1);
            connection.rollback(savepoint);
            traffic.savepointRolledBack();
        }
        return 1 + lines;
    }

    private void addLine(Connection connection, long order, int line) throws SQLException {
        Sql.update(
                connection,
                """
                INSERT INTO order_items (order_id, line, product_id, quantity, unit_price)
                SELECT ?, ?, id, ?, price FROM products WHERE id = ?""",
                order, line, 1 + random.nextInt(4), 1L + random.nextInt(Shop.PRODUCTS));
    }

    private int cancelOrder(Connection connection) throws SQLException {
        List<Long> orders = orders(connection);
        return orders.isEmpty() ? 0 : Sql.update(connection, "DELETE FROM orders WHERE id = ?", orders.getFirst());
    }

    private int advanceOrder(Connection connection) throws SQLException {
        List<Long> orders = orders(connection);
        if (orders.isEmpty()) {
            return 0;
        }
        String status = Shop.STATUSES.get(random.nextInt(Shop.STATUSES.size()));
        return Sql.update(connection, "UPDATE orders SET status = ? WHERE id = ?", status, orders.getLast());
    }

    private int moveCustomer(Connection connection) throws SQLException {
        String[] place = Shop.PLACES[random.nextInt(Shop.PLACES.length)];
        return Sql.update(connection, "UPDATE customers SET city = ?, country = ? WHERE id = ?", place[0], place[1], customer());
    }

    private int changePrice(Connection connection) throws SQLException {
        long product = 1 + number + (long) writers * random.nextInt(Shop.PRODUCTS / writers);
        return Sql.update(
                connection, "UPDATE products SET price = ?::numeric / 100 WHERE id = ?", 100 + random.nextInt(20_000), product);
    }

    private List<Long> orders(Connection connection) throws SQLException {
        return Sql.rows(connection, "SELECT id FROM orders WHERE customer_id = ? ORDER BY id", row -> row.getLong(1), customer());
    }

    private long customer() {
        return 1 + number + (long) writers * random.nextInt(Shop.CUSTOMERS / writers);
    }

    private Duration between(Duration shortest, Duration longest) {
        return Duration.ofMillis(random.nextLong(shortest.toMillis(), longest.toMillis() + 1));
    }
}
