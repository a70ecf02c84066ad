// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.product;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.proxy.config.EngineLogin;
import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.probe.FrontDoor;
import io.pgtrickle.proxy.probe.Sql;
import io.pgtrickle.suite.TestPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RefreshConflictIT {

    @Test
    void a_repeatable_read_block_whose_snapshot_is_older_than_another_refresh_fails_to_serialize() throws IOException, SQLException {
        TestPostgres postgres = TestPostgres.shared();
        String database = postgres.createDatabase();
        ProxyConfig config = ProxyConfig.passThrough(new HostPort(postgres.host(), postgres.port())).withListen(new HostPort("127.0.0.1", 0));
        EngineLogin login = new EngineLogin(postgres.user(), Optional.of(postgres.password()), Map.of(), List.of());
        try (Product product = new Product(config, new Upstream.Existing(login), line -> {})) {
            FrontDoor door = new FrontDoor(product.address().host(), product.address().port(), database, postgres.user());
            try (Connection late = door.connect("late");
                    Connection early = door.connect("early")) {
                Sql.run(
                        early,
                        "CREATE TABLE t (id int PRIMARY KEY)",
                        "CREATE MATERIALIZED VIEW s WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS SELECT id FROM t");
                late.setAutoCommit(false);
                late.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                Sql.run(early, "INSERT INTO t VALUES (1)");
                Sql.run(late, "SELECT FROM t"); // takes the snapshot, in which the change is seen and not yet applied
                Sql.run(early, "REFRESH MATERIALIZED VIEW s");

                assertThatThrownBy(() -> Sql.run(late, "REFRESH MATERIALIZED VIEW s"))
                        .isInstanceOfSatisfying(SQLException.class, failure -> assertThat(failure.getSQLState()).isEqualTo("40001"));
                late.rollback();
                Sql.run(late, "INSERT INTO t VALUES (2)", "REFRESH MATERIALIZED VIEW s");
                late.commit();
                assertThat(Sql.number(early, "SELECT count(*) FROM s")).isEqualTo(2);
            }
        }
    }
}
