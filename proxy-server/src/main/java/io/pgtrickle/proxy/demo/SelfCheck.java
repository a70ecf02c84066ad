// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.demo;

import io.pgtrickle.proxy.probe.Bags;
import io.pgtrickle.proxy.probe.FrontDoor;
import io.pgtrickle.proxy.probe.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * "Equals its query": refreshes a stream table and compares it with its query, both in one REPEATABLE READ transaction
 * and therefore at one snapshot, while the writers go on. Everything goes through the front door.
 */
final class SelfCheck {

    /** What PostgreSQL answers when the scheduler refreshed the same stream table after our snapshot, or at the same time. */
    private static final Set<String> TRY_AGAIN = Set.of("40001", "40P01");

    private static final Duration PAUSE = Duration.ofMillis(300);

    private final FrontDoor door;
    private final Board board;

    SelfCheck(FrontDoor door, Board board) {
        this.door = door;
        this.board = board;
    }

    /** Checks one stream table after the other until the demo ends. */
    void run(Loop loop) throws SQLException, InterruptedException {
        try (Connection connection = open()) {
            do {
                for (ShopView view : ShopView.ALL) {
                    if (loop.isOver()) {
                        return;
                    }
                    check(connection, view).ifPresent(comparison -> board.checked(view, comparison));
                }
            } while (loop.pause(PAUSE));
        }
    }

    /** Checks each stream table once, however long it takes; the writers have ended. */
    void runOnce() throws SQLException {
        try (Connection connection = open()) {
            for (ShopView view : ShopView.ALL) {
                Optional<Bags.Comparison> comparison = Optional.empty();
                while (comparison.isEmpty()) {
                    comparison = check(connection, view);
                }
                board.checked(view, comparison.get());
            }
        }
    }

    private Connection open() throws SQLException {
        Connection connection = door.connect("pgtrickle demo self-check");
        connection.setAutoCommit(false);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        return connection;
    }

    /** Empty if the transaction lost against the scheduler and has to be done again. */
    private static Optional<Bags.Comparison> check(Connection connection, ShopView view) throws SQLException {
        try {
            Sql.run(connection, "REFRESH MATERIALIZED VIEW " + view.name());
            Bags.Comparison comparison = Bags.compare(connection, "SELECT * FROM " + view.name(), view.query());
            connection.commit();
            return Optional.of(comparison);
        } catch (SQLException e) {
            connection.rollback();
            if (TRY_AGAIN.contains(e.getSQLState())) {
                return Optional.empty();
            }
            throw e;
        }
    }
}
