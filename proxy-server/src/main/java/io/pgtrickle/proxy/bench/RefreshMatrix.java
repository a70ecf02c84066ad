// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench;

import io.pgtrickle.proxy.probe.Bags;
import io.pgtrickle.proxy.probe.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;

/**
 * Refreshes of the same query after the same changes, three ways side by side: in every cycle the source changes once and
 * then each contender refreshes. Who comes first rotates, since the first one finds the changed pages cold.
 */
final class RefreshMatrix {

    private record Lane(Contender contender, Samples samples) {
        double median() {
            return samples.median();
        }
    }

    private static final String DROP =
            "DROP MATERIALIZED VIEW IF EXISTS streamed; DROP MATERIALIZED VIEW IF EXISTS concurrent; DROP MATERIALIZED VIEW IF EXISTS plain; DROP TABLE IF EXISTS hand";

    /** Refreshes that find nothing to do leave no row. */
    private static final String LAST_ACTION =
            """
            SELECT CASE WHEN h.initiated_by = 'INITIAL' THEN 'NO_DATA' ELSE h.action END FROM pgtrickle.pgt_refresh_history h JOIN pgtrickle.pgt_stream_tables t USING (pgt_id)
            WHERE t.pgt_name = 'streamed' AND h.status = 'COMPLETED' ORDER BY h.refresh_id DESC LIMIT 1""";

    private final Connection proxy;
    private final Connection direct;
    private final Connection byHand;
    private final BenchPlan plan;
    private final Consumer<Cell> done;

    /**
     * @param direct PostgreSQL's own refreshes do not go through the proxy
     * @param byHand another one past the proxy, whose settings may be changed
     * @param done told about every finished cell
     */
    RefreshMatrix(Connection proxy, Connection direct, Connection byHand, BenchPlan plan, Consumer<Cell> done) {
        this.proxy = proxy;
        this.direct = direct;
        this.byHand = byHand;
        this.plan = plan;
        this.done = done;
    }

    List<Cell> run() throws SQLException {
        SourceTable.create(direct);
        Sql.run(byHand, HandWritten.SETTINGS);
        List<Cell> cells = new ArrayList<>();
        for (int rows : plan.rows()) {
            SourceTable source = new SourceTable(direct, rows);
            for (Scenario scenario : plan.scenarios()) {
                for (ChangeRate rate : plan.changes()) {
                    Cell cell = cell(source, scenario, rate);
                    done.accept(cell);
                    cells.add(cell);
                }
            }
        }
        return cells;
    }

    private Cell cell(SourceTable source, Scenario scenario, ChangeRate rate) throws SQLException {
        Sql.run(proxy, DROP);
        source.fill();
        for (Contender contender : Contender.values()) {
            Sql.run(connection(contender), contender.create(scenario));
        }
        Lane refresh = new Lane(Contender.REFRESH, new Samples());
        Lane concurrently = new Lane(Contender.CONCURRENTLY, new Samples());
        Lane handWritten = new Lane(Contender.HAND_WRITTEN, new Samples());
        Lane streamTable = new Lane(Contender.STREAM_TABLE, new Samples());
        for (int cycle = -plan.warmUps(); cycle < plan.cycles(); cycle++) {
            source.change(rate);
            for (Lane lane : inTurn(cycle, refresh, concurrently, handWritten, streamTable)) {
                String statement = lane.contender().refresh(scenario);
                double millis = Sql.millis(() -> Sql.run(connection(lane.contender()), statement));
                if (cycle >= 0) {
                    lane.samples().add(millis);
                }
            }
        }
        return new Cell(
                scenario,
                source.rows(),
                rate,
                rate.rowsOf(source.rows()),
                plan.cycles(),
                refresh.median(),
                concurrently.median(),
                handWritten.median(),
                streamTable.median(),
                refresh.median() / streamTable.median(),
                concurrently.median() / streamTable.median(),
                streamTable.median() / handWritten.median(),
                Sql.text(direct, LAST_ACTION),
                isRight(Contender.STREAM_TABLE, scenario) && isRight(Contender.HAND_WRITTEN, scenario));
    }

    private Connection connection(Contender contender) {
        return switch (contender) {
            case STREAM_TABLE -> proxy;
            case HAND_WRITTEN -> byHand;
            case REFRESH, CONCURRENTLY -> direct;
        };
    }

    private boolean isRight(Contender contender, Scenario scenario) throws SQLException {
        return Bags.compare(direct, "SELECT * FROM " + contender.relation, scenario.query()).equal();
    }

    private static List<Lane> inTurn(int cycle, Lane... lanes) {
        List<Lane> order = new ArrayList<>(List.of(lanes));
        Collections.rotate(order, cycle);
        return order;
    }
}
