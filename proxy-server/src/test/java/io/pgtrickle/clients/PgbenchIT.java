// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.clients.ClientsLab.Pool;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** pgbench: 32 clients on 5 server connections; no transaction fails, none is lost and none is done twice. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PgbenchIT {

    private final ClientsLab lab = new ClientsLab();
    private final Endpoint endpoint = lab.proxied(Pool.FIVE);

    @BeforeAll
    void initialize() throws Exception {
        Script.need("PostgreSQL's client programs, apt install postgresql-client and postgresql-contrib", "pgbench", "--version");
        pgbench("--initialize", "--scale=1", "--quiet");
        execute("CREATE MATERIALIZED VIEW totals WITH (pgtrickle.stream = true) AS SELECT bid, sum(delta) AS delta, count(*) AS n"
                + " FROM pgbench_history GROUP BY bid");
    }

    @AfterAll
    void close() {
        lab.close();
    }

    private List<String> pgbench(String... arguments) throws Exception {
        var command = new ArrayList<>(List.of("pgbench"));
        command.addAll(List.of(arguments));
        return new Script(command).run(endpoint);
    }

    private void run(int clients, int transactions, String... arguments) throws Exception {
        // A thread for each client: pgbench prepares statements while it looks after nobody else, not even those that hold the connections.
        var all = new ArrayList<>(List.of("--client=" + clients, "--jobs=" + clients, "--transactions=" + transactions, "--no-vacuum"));
        all.addAll(List.of(arguments));
        int done = clients * transactions;
        assertThat(pgbench(all.toArray(String[]::new)))
                .contains("number of transactions actually processed: " + done + "/" + done, "number of failed transactions: 0 (0.000%)");
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(endpoint.jdbcUrl(), Endpoint.USER, endpoint.password());
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private List<Long> numbers(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(endpoint.jdbcUrl(), Endpoint.USER, endpoint.password());
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            var numbers = new ArrayList<Long>();
            for (int i = 1; i <= row.getMetaData().getColumnCount(); i++) {
                numbers.add(row.getLong(i));
            }
            return numbers;
        }
    }

    private long transactions() throws SQLException {
        return numbers("SELECT count(*) FROM pgbench_history").getFirst();
    }

    /** The books balance, and a stream table agrees. */
    private void assertBalanced() throws Exception {
        List<Long> sums = numbers("SELECT (SELECT sum(abalance) FROM pgbench_accounts), (SELECT sum(tbalance) FROM pgbench_tellers),"
                + " (SELECT sum(bbalance) FROM pgbench_branches), (SELECT sum(delta) FROM pgbench_history)");
        assertThat(sums).containsOnly(sums.getFirst());
        execute("REFRESH MATERIALIZED VIEW totals");
        assertThat(numbers("SELECT sum(delta), sum(n) FROM totals")).isEqualTo(numbers("SELECT sum(delta), count(*) FROM pgbench_history"));
        lab.assertShared(Pool.FIVE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"simple", "extended", "prepared"})
    void the_books_balance_after(String protocol) throws Exception {
        long before = transactions();
        run(32, 20, "--protocol=" + protocol);
        assertThat(transactions()).isEqualTo(before + 32 * 20);
        assertBalanced();
    }

    @ParameterizedTest
    @ValueSource(strings = {"simple", "extended", "prepared"})
    void reading(String protocol) throws Exception {
        run(32, 100, "--protocol=" + protocol, "--select-only");
    }

    @ParameterizedTest
    @ValueSource(strings = {"simple", "prepared"})
    void connecting_for_each_transaction(String protocol) throws Exception {
        long before = transactions();
        run(16, 10, "--protocol=" + protocol, "--connect");
        assertThat(transactions()).isEqualTo(before + 16 * 10);
        assertBalanced();
    }

    @ParameterizedTest
    @ValueSource(strings = {"extended", "prepared"})
    void pipelines_settings_and_locks(String protocol) throws Exception {
        long before = transactions();
        run(16, 10, "--protocol=" + protocol, "--file=" + Script.resource("pgbench-mixed.sql"));
        assertThat(transactions()).isEqualTo(before + 16 * 10);
        assertBalanced();
    }
}
