// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.pgtrickle.suite.oracle.Oracle;
import io.pgtrickle.suite.step.StreamTable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A class of the SQL suite: its tests run once per door. Each test starts with alice's session in a fresh schema and ends
 * with a check that dropping her stream tables leaves nothing behind.
 */
@ParameterizedClass(name = "{0}")
@MethodSource("io.pgtrickle.suite.Doors#all")
public abstract class SqlSuite {

    protected final Lab lab;
    protected final String schema;
    private final List<Client> clients = new ArrayList<>();

    /** Alice, in her schema. */
    protected final Client alice;

    protected SqlSuite(Door door) {
        assumeFalse(
                door.sharesConnections() && getClass().isAnnotationPresent(EngineOnly.class),
                "the other doors have it");
        lab = Lab.of(door);
        schema = lab.newSchemaName();
        alice = connect(Lab.ALICE);
    }

    @BeforeEach
    void createSchema() {
        alice.run("CREATE SCHEMA " + schema);
        alice.run("SET search_path = " + schema);
        alice.run("SET statement_timeout = '30s'");
    }

    @AfterEach
    void nothingRemains() {
        clients.forEach(Client::close);
        try (Client client = lab.connectSuperuser(); Client direct = lab.direct()) {
            if (direct.query("SELECT 1 FROM pg_namespace WHERE nspname = 'pgtrickle'").rows().isEmpty()) {
                direct.run("DROP SCHEMA " + schema + " CASCADE");
                return;
            }
            List<String> left = direct.query("SELECT format('%I.%I', pgt_schema, pgt_name) FROM pgtrickle.pgt_stream_tables").lines();
            left.forEach(name -> client.run("DROP MATERIALIZED VIEW IF EXISTS " + name + " CASCADE"));
            direct.run("DROP SCHEMA " + schema + " CASCADE");
            assertThat(traces(direct)).as("what is left when every stream table is dropped").isEmpty();
        }
    }

    /** Capture goes with the next upkeep: removing a trigger at once would lock the source. */
    @AfterAll
    static void noCaptureRemains() {
        Lab.all().forEach(SqlSuite::awaitNoCapture);
    }

    /** What the engine keeps per stream table, catalog rows included; empty when there are none. */
    protected static List<String> traces(Client client) {
        return client.query("""
                SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'pgtrickle_state'
                UNION ALL
                SELECT 'function ' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'pgtrickle_state'
                UNION ALL
                SELECT 'catalog ' || pgt_name FROM pgtrickle.pgt_stream_tables
                UNION ALL
                SELECT 'dependency ' || pgt_id FROM pgtrickle.pgt_dependencies
                UNION ALL
                SELECT 'history ' || pgt_id FROM pgtrickle.pgt_refresh_history
                ORDER BY 1""").lines();
    }

    /** What the engine keeps per source: buffers, triggers and their functions. */
    protected static List<String> captureTraces(Client client) {
        return client.query("""
                SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'pgtrickle_changes'
                UNION ALL
                SELECT 'function ' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'pgtrickle_changes'
                UNION ALL
                SELECT 'trigger ' || tgname FROM pg_trigger WHERE tgname LIKE 'pg_trickle%'
                ORDER BY 1""").lines();
    }

    protected static void awaitNoCapture(Lab lab) {
        try (Client direct = lab.direct()) {
            for (int i = 0; i < 1000 && !captureTraces(direct).isEmpty(); i++) {
                LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
            }
            assertThat(captureTraces(direct)).as("capture without a stream table").isEmpty();
        }
    }

    /** A session through the door, closed when the test ends. */
    protected Client connect(String role) {
        Client client = lab.connect(role);
        clients.add(client);
        return client;
    }

    /** Another session of alice's, in her schema. */
    protected Client another() {
        Client client = connect(Lab.ALICE);
        client.run("SET search_path = " + schema);
        return client;
    }

    protected Client superuser() {
        Client client = lab.connectSuperuser();
        clients.add(client);
        return client;
    }

    protected void run(String... statements) {
        for (String statement : statements) {
            alice.run(statement);
        }
    }

    protected Reply query(String sql) {
        return alice.query(sql);
    }

    protected List<String> lines(String sql) {
        return alice.query(sql).lines();
    }

    /** The error of a statement that must fail. */
    protected static SqlError failure(Client client, String sql) {
        return catchThrowableOfType(SqlError.class, () -> client.run(sql));
    }

    protected SqlError failure(String sql) {
        SqlError error = failure(alice, sql);
        assertThat(error).as("no error from " + sql).isNotNull();
        return error;
    }

    /** The statement that makes stream table v in DIFFERENTIAL mode, refreshed by hand only. */
    protected static String create(String query) {
        return create("v", query);
    }

    protected static String create(String name, String query) {
        return "CREATE MATERIALIZED VIEW " + name
                + " WITH (pgtrickle.stream = true, pgtrickle.mode = 'DIFFERENTIAL', pgtrickle.schedule = '1h') AS " + query;
    }

    /** Creates stream table v and checks that it starts equal to its query. */
    protected StreamTable view(String query) {
        return view("v", query);
    }

    protected StreamTable view(String name, String query) {
        alice.run(create(name, query));
        return new StreamTable(alice, name, query, Oracle.exact()).matchesRecompute();
    }
}
