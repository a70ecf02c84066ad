// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.demo;

import io.pgtrickle.proxy.probe.FrontDoor;
import io.pgtrickle.proxy.probe.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/** Times what a refresh would cost without the product: REFRESH of an ordinary materialized view with the same query. */
final class FullRefreshes {

    static final String SCHEMA = "ordinary";

    private static final Duration INTERVAL = Duration.ofSeconds(20);

    private final FrontDoor door;
    private final Board board;

    FullRefreshes(FrontDoor door, Board board) {
        this.door = door;
        this.board = board;
    }

    /** Creates the ordinary views and times each once. */
    void prepare(Connection connection, Progress.Task task) throws SQLException {
        Sql.run(connection, "DROP SCHEMA IF EXISTS " + SCHEMA + " CASCADE", "CREATE SCHEMA " + SCHEMA);
        for (ShopView view : ShopView.ALL) {
            task.step(view.name());
            Sql.run(connection, "CREATE MATERIALIZED VIEW " + ordinary(view) + " AS " + view.query());
            measure(connection, view);
        }
    }

    void run(Loop loop) throws SQLException, InterruptedException {
        try (Connection connection = door.connect("pgtrickle demo full refresh")) {
            while (loop.pause(INTERVAL)) {
                for (ShopView view : ShopView.ALL) {
                    measure(connection, view);
                }
            }
        }
    }

    private void measure(Connection connection, ShopView view) throws SQLException {
        board.fullRefresh(view, Sql.millis(() -> Sql.run(connection, "REFRESH MATERIALIZED VIEW " + ordinary(view))));
    }

    private static String ordinary(ShopView view) {
        return SCHEMA + "." + view.name();
    }
}
