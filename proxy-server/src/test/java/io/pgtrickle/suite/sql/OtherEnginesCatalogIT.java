// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.pgtrickle.dvm.engine.CommandOutcome;
import io.pgtrickle.dvm.engine.DatabaseEngines;
import io.pgtrickle.dvm.engine.EngineOptions;
import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.dvm.jdbc.JdbcEngines;
import io.pgtrickle.dvm.jdbc.JdbcSqlSession;
import io.pgtrickle.dvm.jdbc.ServerAddress;
import io.pgtrickle.dvm.session.SqlFailure;
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
import org.junit.jupiter.api.Test;

/** Two engines that log in as different roles, one database. */
class OtherEnginesCatalogIT {

    private static DatabaseEngines engines(String role) {
        TestPostgres server = TestPostgres.shared();
        Optional<String> password = Optional.of(server.password()).filter(text -> !text.isEmpty());
        return JdbcEngines.open(new ServerAddress(server.host(), server.port(), role, password, Map.of()), new EngineOptions(false));
    }

    @Test
    void theOneThatComesLaterIsToldWhoseCatalogItIs() {
        String database = Lab.newDatabase();
        String owner = TestPostgres.shared().user();
        try (DatabaseEngines first = engines(owner); DatabaseEngines second = engines(Lab.ALICE); Client direct = Lab.direct(database)) {
            first.forDatabase(database, true);
            EngineException error = catchThrowableOfType(EngineException.class, () -> second.resume(database));
            assertThat(error.code().sqlState()).isEqualTo("42501");
            assertThat(error).hasMessage("the pgtrickle catalog of database \"" + database + "\" belongs to role \"" + owner + "\"");
            assertThat(error.detail()).contains("The engine has logged in as \"" + Lab.ALICE + "\".");
            assertThat(error.hint().orElse("")).startsWith("Let the engine log in as \"" + owner + "\"");
            direct.run("DROP SCHEMA pgtrickle, pgtrickle_state, pgtrickle_changes CASCADE");
            second.forDatabase(database, true);
            assertThat(direct.query("SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'pgtrickle'").single()).isEqualTo(Lab.ALICE);
        }
    }

    @Test
    void aCatalogMadeByOtherScriptsIsLeftAlone() {
        String database = Lab.newDatabase();
        String owner = TestPostgres.shared().user();
        try (DatabaseEngines first = engines(owner);
                DatabaseEngines second = engines(owner);
                DatabaseEngines third = engines(owner);
                Client direct = Lab.direct(database)) {
            first.forDatabase(database, true);
            direct.run("UPDATE pgtrickle.pgt_schema_version SET description = 'V002__something_else.sql' WHERE version = 2");
            EngineException error = catchThrowableOfType(EngineException.class, () -> second.resume(database));
            assertThat(error).hasMessage("the pgtrickle catalog of database \"" + database + "\" was made by an unreleased engine");
            assertThat(error.hint().orElse("")).startsWith("DROP SCHEMA pgtrickle");
            direct.run("UPDATE pgtrickle.pgt_schema_version SET description = 'V002__hands.sql' WHERE version = 2");
            second.resume(database);
            direct.run("UPDATE pgtrickle.pgt_schema_version SET digest = reverse(digest) WHERE version = 3");
            assertThat(catchThrowableOfType(EngineException.class, () -> third.resume(database))).hasMessageContaining("unreleased engine");
            direct.run("ALTER TABLE pgtrickle.pgt_schema_version DROP COLUMN digest");
            assertThat(catchThrowableOfType(EngineException.class, () -> third.resume(database))).hasMessageContaining("unreleased engine");
        }
    }

    @Test
    void aCatalogOfANewerEngineIsLeftAlone() {
        String database = Lab.newDatabase();
        String owner = TestPostgres.shared().user();
        try (DatabaseEngines first = engines(owner); DatabaseEngines second = engines(owner); Client direct = Lab.direct(database)) {
            first.forDatabase(database, true);
            direct.run("INSERT INTO pgtrickle.pgt_schema_version (version, description, digest) SELECT n, 'V0' || n || '__later.sql', '' FROM generate_series(6, 9) AS n");
            assertThat(catchThrowableOfType(EngineException.class, () -> second.resume(database)).hint().orElse("")).contains("at least as new");
        }
    }

    private static CommandOutcome execute(DatabaseEngines engines, String database, Connection connection, String sql) {
        StreamTableCommand command = (StreamTableCommand) new StatementClassifier().classify(sql, true).getFirst();
        return engines.forDatabase(database, false).execute(command, List.of(), new JdbcSqlSession(connection, false));
    }

    /** Nor may one wait for the connection that such an engine cannot get. */
    @Test
    void anEngineThatCannotWorkForTheDatabaseLeavesWhatIsPostgresAlone() throws SQLException {
        String database = Lab.newDatabase();
        try (DatabaseEngines first = engines(TestPostgres.shared().user()); DatabaseEngines second = engines(Lab.ALICE);
                DatabaseEngines nobody = engines("nobody_of_this_name"); Connection connection = TestPostgres.shared().connect(database);
                Statement statement = connection.createStatement()) {
            first.forDatabase(database, true);
            statement.execute("CREATE MATERIALIZED VIEW ordinary AS SELECT 1 AS a; BEGIN");
            execute(first, database, connection, "CREATE MATERIALIZED VIEW ours WITH (pgtrickle.stream = true) AS SELECT 1 AS a");
            statement.execute("COMMIT");
            for (DatabaseEngines other : List.of(second, nobody)) {
                Instant start = Instant.now();
                for (String sql : List.of("REFRESH MATERIALIZED VIEW ordinary", "REFRESH MATERIALIZED VIEW missing",
                        "DROP MATERIALIZED VIEW IF EXISTS ordinary, missing")) {
                    assertThat(execute(other, database, connection, sql)).isInstanceOf(CommandOutcome.NotOurs.class);
                }
                assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(5));
            }
            SqlFailure refused = catchThrowableOfType(SqlFailure.class, () -> execute(second, database, connection, "REFRESH MATERIALIZED VIEW ours"));
            assertThat(refused.sqlState()).isEqualTo("42501");
            assertThat(refused.error().message()).startsWith("the pgtrickle catalog of database");
        }
    }
}
