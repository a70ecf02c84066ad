// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench;

import io.pgtrickle.proxy.probe.FrontDoor;
import io.pgtrickle.proxy.probe.Sql;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** What the proxy and an idle refresh cost a client: pairs of the shortest round trips, with and without. */
final class RoundTrips {

    private static final String QUERY = "SELECT 1";
    private static final int WARM_UP_SHARE = 5;

    private final FrontDoor proxy;
    private final FrontDoor direct;
    private final BenchPlan plan;

    RoundTrips(FrontDoor proxy, FrontDoor direct, BenchPlan plan) {
        this.proxy = proxy;
        this.direct = direct;
        this.plan = plan;
    }

    List<Latency> run() throws SQLException {
        List<Latency> all = new ArrayList<>();
        all.add(simple());
        all.add(extended());
        all.add(noOpRefresh());
        return all;
    }

    private Latency simple() throws SQLException {
        try (Connection through = proxy.connectSimple("pgtrickle bench");
                Connection past = direct.connectSimple("pgtrickle bench");
                Statement with = through.createStatement();
                Statement without = past.createStatement()) {
            return pairs("SELECT 1, simple protocol: proxy, direct", plan.roundTrips(), () -> with.execute(QUERY), () -> without.execute(QUERY));
        }
    }

    private Latency extended() throws SQLException {
        try (Connection through = proxy.connect("pgtrickle bench");
                Connection past = direct.connect("pgtrickle bench");
                PreparedStatement with = through.prepareStatement(QUERY);
                PreparedStatement without = past.prepareStatement(QUERY)) {
            return pairs("SELECT 1, prepared: proxy, direct", plan.roundTrips(), with::execute, without::execute);
        }
    }

    /** Against an empty transaction in one round trip, both through the proxy. */
    private Latency noOpRefresh() throws SQLException {
        try (Connection connection = proxy.connect("pgtrickle bench");
                Statement statement = connection.createStatement()) {
            Sql.run(
                    connection,
                    "CREATE TABLE idle (id int PRIMARY KEY, val int)",
                    "INSERT INTO idle SELECT i, i FROM generate_series(1, 10000) AS i",
                    "CREATE MATERIALIZED VIEW idle_view WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS SELECT id, val FROM idle");
            Latency latency = pairs(
                    "nothing to do: REFRESH, empty transaction",
                    plan.noOps(),
                    () -> statement.execute("REFRESH MATERIALIZED VIEW idle_view"),
                    () -> statement.execute("BEGIN; COMMIT"));
            Sql.run(connection, "DROP MATERIALIZED VIEW idle_view");
            return latency;
        }
    }

    private static Latency pairs(String what, int count, Sql.Work with, Sql.Work without) throws SQLException {
        Samples withSamples = new Samples();
        Samples withoutSamples = new Samples();
        for (int i = -(count / WARM_UP_SHARE); i < count; i++) {
            boolean withFirst = i % 2 == 0;
            double first = Sql.millis(withFirst ? with : without);
            double second = Sql.millis(withFirst ? without : with);
            if (i >= 0) {
                withSamples.add(withFirst ? first : second);
                withoutSamples.add(withFirst ? second : first);
            }
        }
        return Latency.of(what, withSamples, withoutSamples);
    }
}
