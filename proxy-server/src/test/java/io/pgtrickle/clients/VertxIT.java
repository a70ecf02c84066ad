// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.clients;

import io.pgtrickle.clients.ClientsLab.Pool;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The client of Vert.x, which sends the next query before the last is answered. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class VertxIT {

    private static final int PIPELINED = 64;

    private final ClientsLab lab = new ClientsLab();
    private final Vertx vertx = Vertx.vertx();

    @AfterAll
    void close() throws Exception {
        lab.close();
        get(vertx.close());
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    private static PgConnectOptions options(Endpoint endpoint) {
        return new PgConnectOptions()
                .setHost(endpoint.host())
                .setPort(endpoint.port())
                .setDatabase(endpoint.database())
                .setUser(Endpoint.USER)
                .setPassword(endpoint.password())
                .setPipeliningLimit(PIPELINED);
    }

    private PgConnection connect(Endpoint endpoint, boolean prepares) throws Exception {
        PgConnection connection = get(PgConnection.connect(vertx, options(endpoint).setCachePreparedStatements(prepares)));
        get(connection.query("SET search_path = " + endpoint.schema()).execute());
        return connection;
    }

    private static List<String> rows(RowSet<Row> rows) {
        return StreamSupport.stream(rows.spliterator(), false).map(Row::toJson).map(Object::toString).toList();
    }

    private static void say(Observations seen, String title, Future<RowSet<Row>> future) throws Exception {
        try {
            RowSet<Row> rows = get(future);
            seen.say(title, rows(rows), rows.rowCount());
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof PgException failure)) {
                throw e;
            }
            seen.say(title, failure.getSqlState(), failure.getErrorMessage());
        }
    }

    private static Future<RowSet<Row>> run(SqlConnection connection, String sql, Object... parameters) {
        return parameters.length == 0 ? connection.query(sql).execute() : connection.preparedQuery(sql).execute(Tuple.from(List.of(parameters)));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void statements_and_pipelines(boolean prepares) throws Exception {
        lab.seesTheSame(Pool.TWO, endpoint -> {
            var seen = new Observations();
            PgConnection connection = connect(endpoint, prepares);
            get(run(connection, "CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, price numeric)"));
            for (int n = 0; n < 10; n++) {
                say(seen, "insert", run(connection, "INSERT INTO item VALUES ($1, $2, $1) RETURNING *", n, "item " + n));
            }
            var all = new ArrayList<Future<RowSet<Row>>>();
            for (int n = 0; n < 300; n++) {
                all.add(switch (n % 4) {
                    case 0 -> run(connection, "SELECT " + n + " AS n");
                    case 1 -> run(connection, "SELECT $1::int + " + n % 9 + " AS n", n);
                    case 2 -> run(connection, "SELECT 10 / $1::int AS q", n % 5);
                    default -> run(connection, "SELECT name FROM item WHERE id = $1", n % 12);
                });
            }
            for (Future<RowSet<Row>> one : all) {
                say(seen, "pipelined", one);
            }
            say(seen, "undefined", run(connection, "SELECT nothing FROM item WHERE id = $1", 1));
            say(seen, "not null", run(connection, "INSERT INTO item VALUES ($1, NULL)", 50));
            List<Tuple> batch = IntStream.range(100, 200).mapToObj(n -> Tuple.of(n, "batch")).toList();
            get(connection.preparedQuery("INSERT INTO item VALUES ($1, $2)").executeBatch(batch));
            say(seen, "batch", run(connection, "SELECT count(*) FROM item WHERE name = $1", "batch"));
            for (int round = 0; round < 4; round++) {
                var transaction = get(connection.begin());
                Future<RowSet<Row>> deleted = run(connection, "DELETE FROM item WHERE id = $1", round);
                Future<RowSet<Row>> counted = run(connection, "SELECT count(*) FROM item");
                say(seen, "deleted", deleted);
                say(seen, "counted", counted);
                get(round % 2 == 0 ? transaction.commit() : transaction.rollback());
                say(seen, "after", run(connection, "SELECT count(*) FROM item WHERE id >= $1", 0));
            }
            var transaction = get(connection.begin());
            var prepared = get(connection.prepare("SELECT n FROM generate_series(1, $1) n"));
            var cursor = prepared.cursor(Tuple.of(25));
            do {
                seen.say("cursor", get(cursor.read(10)).size());
            } while (cursor.hasMore());
            get(cursor.close());
            get(prepared.close());
            get(transaction.commit());
            get(run(connection, "SELECT set_config('app.tenant', $1, false)", "42"));
            for (int n = 0; n < 5; n++) {
                say(seen, "kept", run(connection, "SELECT current_setting('app.tenant') AS tenant, current_schema() = $1 AS mine", endpoint.schema()));
            }
            get(connection.close());
            return seen.lines();
        });
    }

    @Test
    void notifications_and_cancelling() throws Exception {
        lab.seesTheSame(Pool.FOUR, endpoint -> {
            var seen = new Observations();
            PgConnection listener = connect(endpoint, true);
            PgConnection other = connect(endpoint, true);
            var heard = new ConcurrentLinkedQueue<String>();
            listener.notificationHandler(notification -> heard.add(notification.getPayload()));
            get(run(listener, "LISTEN vertx_" + endpoint.schema()));
            for (int n = 0; n < 5; n++) {
                get(run(other, "SELECT pg_notify($1, $2)", "vertx_" + endpoint.schema(), "number " + n));
            }
            ClientsLab.until(() -> heard.size() == 5);
            seen.say("heard", heard);
            get(run(listener, "UNLISTEN *"));
            String sleep = "SELECT pg_sleep(60) /* " + endpoint.schema() + " */";
            Future<RowSet<Row>> sleeping = run(other, sleep);
            ClientsLab.until(() -> get(run(listener, "SELECT FROM pg_stat_activity WHERE state = 'active' AND query = $1", sleep)).size() == 1);
            get(other.cancelRequest());
            say(seen, "cancelled", sleeping);
            say(seen, "after it", run(other, "SELECT $1::int AS alive", 1));
            get(listener.close());
            get(other.close());
            return seen.lines();
        });
    }

    @Test
    void pools_and_stream_tables() throws Exception {
        lab.seesTheSame(Pool.FOUR, endpoint -> {
            var seen = new Observations();
            String mine = endpoint.schema() + ".";
            var pool = PgBuilder.pool().connectingTo(options(endpoint).setCachePreparedStatements(true)).with(new PoolOptions().setMaxSize(2))
                    .using(vertx).build();
            get(pool.query("CREATE TABLE " + mine + "sale (id int PRIMARY KEY, product text, amount int)").execute());
            get(pool.preparedQuery("INSERT INTO " + mine + "sale SELECT n, 'p' || n % 3, n FROM generate_series(1, $1) n").execute(Tuple.of(30)));
            get(pool.query("CREATE MATERIALIZED VIEW " + mine + "per_product " + endpoint.stream()
                    + " AS SELECT product, sum(amount) AS total, count(*) AS n FROM " + mine + "sale GROUP BY product").execute());
            for (int n = 0; n < 4; n++) {
                int by = n;
                get(pool.withTransaction(connection -> connection.preparedQuery("UPDATE " + mine + "sale SET amount = amount + $1").execute(Tuple.of(by))
                        .compose(updated -> connection.query("REFRESH MATERIALIZED VIEW " + mine + "per_product").execute())));
                say(seen, "rows", pool.preparedQuery("SELECT * FROM " + mine + "per_product WHERE n > $1 ORDER BY product").execute(Tuple.of(0L)));
            }
            var all = IntStream.range(0, 100).mapToObj(n ->
                    pool.preparedQuery("SELECT count(*) + $1 AS n FROM " + mine + "sale").execute(Tuple.of((long) n))).toList();
            for (Future<RowSet<Row>> one : all) {
                say(seen, "at once", one);
            }
            get(pool.query("DROP MATERIALIZED VIEW " + mine + "per_product").execute());
            say(seen, "gone", pool.query("SELECT * FROM " + mine + "per_product").execute());
            get(pool.close());
            return seen.lines();
        });
    }
}
