// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.clients;

import io.pgtrickle.clients.ClientsLab.Pool;
import io.r2dbc.postgresql.PostgresqlConnectionConfiguration;
import io.r2dbc.postgresql.PostgresqlConnectionFactory;
import io.r2dbc.postgresql.api.Notification;
import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.r2dbc.postgresql.api.PostgresqlStatement;
import io.r2dbc.spi.R2dbcException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** R2DBC's driver, which prepares every statement with parameters and keeps all of them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class R2dbcIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final ClientsLab lab = new ClientsLab();

    @AfterAll
    void close() {
        lab.close();
    }

    /** A connection, and what is seen on it. */
    private static final class Session implements AutoCloseable {

        final Endpoint endpoint;
        final Observations seen;
        final PostgresqlConnection connection;

        Session(Endpoint endpoint, Observations seen, int preparedStatements) {
            this.endpoint = endpoint;
            this.seen = seen;
            connection = get(new PostgresqlConnectionFactory(PostgresqlConnectionConfiguration.builder()
                    .host(endpoint.host())
                    .port(endpoint.port())
                    .database(endpoint.database())
                    .username(Endpoint.USER)
                    .password(endpoint.password())
                    .preparedStatementCacheQueries(preparedStatements)
                    .build()).create());
            run("SET search_path = " + endpoint.schema());
        }

        static <T> T get(Mono<T> mono) {
            return Objects.requireNonNull(mono.block(PATIENCE));
        }

        void run(String sql) {
            get(connection.createStatement(sql).execute().flatMap(result -> result.getRowsUpdated()).then(Mono.just(true)));
        }

        Mono<List<String>> rows(String sql, Object... parameters) {
            PostgresqlStatement statement = connection.createStatement(sql);
            for (int i = 0; i < parameters.length; i++) {
                statement.bind(i, parameters[i]);
            }
            return rows(statement);
        }

        static Mono<List<String>> rows(PostgresqlStatement statement) {
            return statement.execute()
                    .concatMap(result -> result.map((row, metadata) -> metadata.getColumnMetadatas().stream()
                            .map(column -> column.getName() + "=" + row.get(column.getName(), String.class))
                            .toList()
                            .toString()))
                    .collectList();
        }

        void say(String title, String sql, Object... parameters) {
            try {
                seen.say(title, get(rows(sql, parameters)));
            } catch (R2dbcException e) {
                seen.say(title, e.getClass().getSimpleName(), String.valueOf(e.getSqlState()), String.valueOf(e.getMessage()));
            }
        }

        @Override
        public void close() {
            connection.close().block(PATIENCE);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 3})
    void statements_and_transactions(int preparedStatements) throws Exception {
        lab.seesTheSame(Pool.TWO, endpoint -> {
            var seen = new Observations();
            try (var session = new Session(endpoint, seen, preparedStatements)) {
                session.run("CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL)");
                for (int n = 0; n < 10; n++) {
                    session.say("insert", "INSERT INTO item VALUES ($1, $2) RETURNING id", n, "item " + n);
                }
                for (int n = 0; n < 20; n++) {
                    session.say("statement " + n % 7, "SELECT name, $1::int + " + n % 7 + " AS sum FROM item WHERE id = $1", n);
                }
                session.say("not null", "INSERT INTO item VALUES ($1, NULL)", 11);
                session.say("undefined", "SELECT nothing FROM item WHERE id = $1", 1);
                session.say("division", "SELECT 1 / $1::int AS q", 0);
                session.say("again", "SELECT 1 / $1::int AS q", 1);
                session.say("several", "SELECT 1 AS a; SELECT 2 AS b");
                seen.say("at once", Session.get(Flux.range(0, 100).flatMapSequential(n -> session.rows("SELECT $1::int AS n", n), 8).collectList()));
                PostgresqlStatement batch = session.connection.createStatement("INSERT INTO item VALUES ($1, $2)");
                IntStream.range(100, 200).forEach(n -> {
                    batch.bind(0, n).bind(1, "batch");
                    if (n < 199) {
                        batch.add();
                    }
                });
                seen.say("batch", Session.get(batch.execute().concatMap(result -> result.getRowsUpdated()).reduce(Long::sum)));
                for (int round = 0; round < 5; round++) {
                    session.connection.beginTransaction().block(PATIENCE);
                    session.say("delete", "DELETE FROM item WHERE id = $1 RETURNING id", round);
                    session.connection.createSavepoint("a").block(PATIENCE);
                    session.say("fails", "SELECT 1 / $1::int AS q", 0);
                    session.connection.rollbackTransactionToSavepoint("a").block(PATIENCE);
                    (round % 2 == 0 ? session.connection.commitTransaction() : session.connection.rollbackTransaction()).block(PATIENCE);
                    session.say("count", "SELECT count(*) AS n FROM item");
                }
                session.connection.beginTransaction().block(PATIENCE);
                for (int size : new int[] {1, 7, 50}) {
                    seen.say("in pieces", Session.get(Session.rows(session.connection
                            .createStatement("SELECT n FROM generate_series(1, $1) n").bind(0, 60).fetchSize(size))).size());
                }
                seen.say("left early", Session.get(session.connection.createStatement("SELECT n FROM generate_series(1, $1) n").bind(0, 100_000)
                        .fetchSize(10).execute().concatMap(result -> result.map((row, metadata) -> row.get(0, Integer.class))).take(25).collectList()));
                session.connection.commitTransaction().block(PATIENCE);
                session.say("big", "SELECT length(repeat($1, 5000000)) AS n", "xy");
                session.say("setting", "SELECT set_config('app.tenant', $1, false)", "42");
                for (int n = 0; n < 5; n++) {
                    session.say("kept", "SELECT current_setting('app.tenant') AS tenant, current_schema() = $1 AS mine", endpoint.schema());
                }
            }
            return seen.lines();
        });
    }

    @Test
    void notifications() throws Exception {
        lab.seesTheSame(Pool.FOUR, endpoint -> {
            var seen = new Observations();
            try (var listener = new Session(endpoint, seen, -1);
                    var other = new Session(endpoint, seen, -1)) {
                var heard = new java.util.concurrent.ConcurrentLinkedQueue<String>();
                Disposable listening = listener.connection.getNotifications().map(Notification::getParameter).subscribe(heard::add);
                listener.run("LISTEN r2dbc_" + endpoint.schema());
                for (int n = 0; n < 5; n++) {
                    other.say("notify", "SELECT pg_notify($1, $2) IS NOT NULL AS sent", "r2dbc_" + endpoint.schema(), "number " + n);
                }
                ClientsLab.until(() -> heard.size() == 5);
                seen.say("heard", heard);
                listening.dispose();
                listener.run("UNLISTEN *");
                listener.say("alive", "SELECT $1::int AS n", 1);
            }
            return seen.lines();
        });
    }

    @Test
    void stream_tables() throws Exception {
        lab.seesTheSame(Pool.TWO, endpoint -> {
            var seen = new Observations();
            try (var session = new Session(endpoint, seen, -1)) {
                session.run("CREATE TABLE sale (id int PRIMARY KEY, product text, amount int)");
                session.say("rows", "INSERT INTO sale SELECT n, 'p' || n % 3, n FROM generate_series(1, $1) n", 30);
                session.run("CREATE MATERIALIZED VIEW per_product " + endpoint.stream()
                        + " AS SELECT product, sum(amount) AS total, count(*) AS n FROM sale GROUP BY product");
                for (int n = 0; n < 4; n++) {
                    session.connection.beginTransaction().block(PATIENCE);
                    session.say("update", "UPDATE sale SET amount = amount + $1 WHERE id % 5 = $1", n);
                    session.run("REFRESH MATERIALIZED VIEW per_product");
                    session.say("rows", "SELECT * FROM per_product WHERE n > $1 ORDER BY product", 0L);
                    session.connection.commitTransaction().block(PATIENCE);
                }
                session.run("DROP MATERIALIZED VIEW per_product");
                session.say("gone", "SELECT count(*) FROM per_product");
            }
            return seen.lines();
        });
    }
}
