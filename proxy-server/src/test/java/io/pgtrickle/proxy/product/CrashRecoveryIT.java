// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.product;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.proxy.config.HostPort;
import io.pgtrickle.proxy.config.ProxyConfig;
import io.pgtrickle.proxy.embedded.EmbeddedPostgres;
import io.pgtrickle.proxy.embedded.EmbeddedPostgresOptions;
import io.pgtrickle.proxy.probe.FrontDoor;
import io.pgtrickle.proxy.probe.Sql;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is known of a transaction's own changes after the server has recovered from a crash; command ids are not. */
class CrashRecoveryIT {

    @TempDir
    Path directory;

    @Test
    void changes_behind_a_refresh_in_its_transaction_are_still_pending_after_a_crash() throws IOException, SQLException {
        ProxyConfig config = ProxyConfig.passThrough(new HostPort("127.0.0.1", 1)).withListen(new HostPort("127.0.0.1", 0));
        var options = EmbeddedPostgresOptions.volatileData(directory).with("max_prepared_transactions", "5");
        try (Product product = new Product(config, new Upstream.Embedded(options), line -> {})) {
            FrontDoor door = new FrontDoor(product.address().host(), product.address().port(), "postgres", EmbeddedPostgres.SUPERUSER);
            try (Connection client = door.connect("before");
                    Connection witness = door.connect("witness")) {
                Sql.run(client, "CREATE TABLE t (id int PRIMARY KEY, x int)", "INSERT INTO t SELECT i, 1 FROM generate_series(1, 100) AS i",
                        "CREATE MATERIALIZED VIEW s WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS SELECT id, x FROM t");
                Sql.run(client, "BEGIN", "INSERT INTO t VALUES (1000, 1)", "REFRESH MATERIALIZED VIEW s",
                        "INSERT INTO t VALUES (1001, 1)", "UPDATE t SET x = 2 WHERE id = 5", "COMMIT");
                Sql.run(client, "BEGIN", "INSERT INTO t VALUES (2000, 1)", "REFRESH MATERIALIZED VIEW s",
                        "INSERT INTO t VALUES (2001, 1)", "PREPARE TRANSACTION 'p'");
                ProcessHandle.of(Sql.number(client, "SELECT pg_backend_pid()")).orElseThrow().destroyForcibly();
                // Who connects before PostgreSQL has noticed is thrown out again, as the witness is.
                assertThatThrownBy(() -> Sql.run(witness, "SELECT pg_sleep(60)")).isInstanceOf(SQLException.class);
            }
            try (Connection client = again(door)) {
                // It holds the refresh lock until then.
                Sql.run(client, "COMMIT PREPARED 'p'", "REFRESH MATERIALIZED VIEW s");
                assertThat(differences(client)).isZero();
                assertThat(Sql.number(client, "SELECT count(*) FROM s")).isEqualTo(104);
            }
        }
    }

    private static long differences(Connection client) throws SQLException {
        return Sql.number(client, "SELECT count(*) FROM ((TABLE s EXCEPT ALL TABLE t) UNION ALL (TABLE t EXCEPT ALL TABLE s)) AS d");
    }

    /** Recovery takes a moment. */
    private static Connection again(FrontDoor door) throws SQLException {
        Instant end = Instant.now().plus(Duration.ofSeconds(60));
        while (true) {
            try {
                return door.connect("after");
            } catch (SQLException e) {
                if (Instant.now().isAfter(end)) {
                    throw e;
                }
                LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
            }
        }
    }
}
