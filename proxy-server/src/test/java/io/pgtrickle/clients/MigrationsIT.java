// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.clients;

import io.pgtrickle.clients.ClientsLab.Pool;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import liquibase.Contexts;
import liquibase.LabelExpression;
import liquibase.Liquibase;
import liquibase.Scope;
import liquibase.database.Database;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.resource.ClassLoaderResourceAccessor;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.flywaydb.database.postgresql.PostgreSQLConfigurationExtension;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Flyway, started twice at once as by two instances of an application: one migrates, the other waits for its advisory lock, and each step is
 * done once. Liquibase, which locks by a row.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MigrationsIT {

    private static final int INSTANCES = 2;

    private final ClientsLab lab = new ClientsLab();

    @AfterAll
    void close() {
        lab.close();
    }

    private static <T> List<T> atOnce(Callable<T> work) throws Exception {
        try (ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread.ofPlatform().daemon().factory())) {
            List<Future<T>> all = new ArrayList<>();
            for (int i = 0; i < INSTANCES; i++) {
                all.add(threads.submit(work));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> one : all) {
                results.add(one.get());
            }
            return results;
        }
    }

    private static Connection connect(Endpoint endpoint) throws SQLException {
        return DriverManager.getConnection(endpoint.jdbcUrl(), Endpoint.USER, endpoint.password());
    }

    private static void outcome(Endpoint endpoint, Observations seen, String... queries) throws SQLException {
        try (Connection connection = connect(endpoint);
                Statement statement = connection.createStatement()) {
            connection.setSchema(endpoint.schema());
            for (String query : queries) {
                seen.rows(query, statement.executeQuery(query));
            }
            seen.rows("locks", statement.executeQuery("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"));
        }
    }

    /** Flyway's advisory lock is one of a transaction by default, and one of the session where statements must run outside transactions. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void flyway(boolean locksByTransaction) throws Exception {
        lab.seesTheSame(Pool.FOUR, 1, endpoint -> {
            var seen = new Observations();
            Callable<Flyway> flyway = () -> {
                FluentConfiguration configuration = Flyway.configure()
                        .dataSource(endpoint.jdbcUrl(), Endpoint.USER, endpoint.password())
                        .schemas(endpoint.schema())
                        .locations("classpath:clients/flyway")
                        .placeholders(Map.of("stream", endpoint.stream()))
                        // A concurrent index waits for the lock's transaction.
                        .target(locksByTransaction ? "3" : "latest");
                configuration.getConfigurationExtension(PostgreSQLConfigurationExtension.class).setTransactionalLock(locksByTransaction);
                return configuration.load();
            };
            seen.say("migrations", atOnce(() -> flyway.call().migrate().migrationsExecuted).stream().mapToInt(Integer::intValue).sum());
            for (MigrationInfo info : flyway.call().info().applied()) {
                seen.say("applied", String.valueOf(info.getVersion()), info.getDescription(), info.getState());
            }
            seen.say("valid", flyway.call().validateWithResult().validationSuccessful);
            seen.say("again", flyway.call().migrate().migrationsExecuted);
            outcome(endpoint, seen, "SELECT * FROM per_product_then ORDER BY product", "SELECT * FROM per_product ORDER BY 1", "SELECT count(*) FROM dear");
            return seen.lines();
        });
    }

    @Test
    void liquibase() throws Exception {
        lab.seesTheSame(Pool.FOUR, endpoint -> {
            var seen = new Observations();
            update(endpoint);
            update(endpoint);
            outcome(endpoint, seen, "SELECT id, orderexecuted, exectype FROM databasechangelog ORDER BY orderexecuted",
                    "SELECT locked FROM databasechangeloglock", "SELECT * FROM per_product_then ORDER BY product", "SELECT * FROM per_product ORDER BY product");
            return seen.lines();
        });
    }

    /** One at a time: Liquibase keeps in static fields what it knows of its tables, and mixes up those of several databases. */
    @SuppressWarnings("deprecation") // what applications call
    private static synchronized void update(Endpoint endpoint) throws Exception {
        Scope.child(Map.of("liquibase.analytics.enabled", false), () -> {
            Database database = DatabaseFactory.getInstance().findCorrectDatabaseImplementation(new JdbcConnection(connect(endpoint)));
            database.setDefaultSchemaName(endpoint.schema());
            database.setLiquibaseSchemaName(endpoint.schema());
            try (var liquibase = new Liquibase("clients/liquibase/changelog.sql", new ClassLoaderResourceAccessor(), database)) {
                liquibase.setChangeLogParameter("stream", endpoint.stream());
                liquibase.update(new Contexts(), new LabelExpression());
            }
        });
    }
}
