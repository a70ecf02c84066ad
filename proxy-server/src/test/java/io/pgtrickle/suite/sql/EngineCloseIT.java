// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.dvm.engine.DatabaseEngines;
import io.pgtrickle.dvm.engine.EngineOptions;
import io.pgtrickle.dvm.jdbc.JdbcEngines;
import io.pgtrickle.dvm.jdbc.JdbcSqlSession;
import io.pgtrickle.dvm.jdbc.ServerAddress;

import io.pgtrickle.sql.statement.SqlStatement.StreamTableCommand;
import io.pgtrickle.sql.statement.StatementClassifier;
import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.Lab;
import io.pgtrickle.suite.TestPostgres;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** The end of an engine that is at work. */
class EngineCloseIT {

    @Test
    void aRefreshThatTakesLongIsCancelled() throws SQLException {
        String database = Lab.newDatabase();
        TestPostgres server = TestPostgres.shared();
        Optional<String> password = Optional.of(server.password()).filter(text -> !text.isEmpty());
        ServerAddress address = new ServerAddress(server.host(), server.port(), server.user(), password, Map.of());
        try (Client direct = Lab.direct(database); Connection connection = server.connect(database); Statement statement = connection.createStatement()) {
            Instant closing;
            try (DatabaseEngines engines = JdbcEngines.open(address, new EngineOptions(true))) {
                engines.forDatabase(database, true);
                statement.execute("CREATE TABLE t (id int); CREATE FUNCTION nap(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS "
                        + "$$BEGIN PERFORM pg_sleep(40); RETURN i; END$$; BEGIN");
                StreamTableCommand command = (StreamTableCommand) new StatementClassifier().classify(
                        "CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.schedule = '100ms') AS SELECT nap(id) AS id FROM t", true).getFirst();
                engines.forDatabase(database, false).execute(command, List.of(), new JdbcSqlSession(connection, false));
                statement.execute("COMMIT; INSERT INTO t VALUES (1)");
                Instant end = Instant.now().plus(Duration.ofSeconds(15));
                while (direct.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()").rows().isEmpty()
                        && Instant.now().isBefore(end)) {
                    LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
                }
                closing = Instant.now();
            }
            assertThat(Duration.between(closing, Instant.now())).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(7));
            String sessions = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'pgtrickle engine%' AND datname = current_database()";
            while (!direct.query(sessions).rows().isEmpty() && Instant.now().isBefore(closing.plus(Duration.ofSeconds(10)))) {
                LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
            }
            assertThat(direct.query(sessions).rows()).isEmpty();
        }
    }
}
