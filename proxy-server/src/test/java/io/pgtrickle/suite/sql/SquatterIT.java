// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.Lab;
import io.pgtrickle.suite.PgClient;
import io.pgtrickle.suite.TestPostgres;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** An ordinary role takes, before the engine comes, what anybody can take: names of schemas, advisory locks. */
@ParameterizedClass(name = "{0}")
@MethodSource("io.pgtrickle.suite.Doors#all")
class SquatterIT {

    private static final String STREAM_TABLE =
            "CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.schedule = '100ms') AS SELECT id FROM t";

    private final Door door;
    private final String database = Lab.newDatabase();

    SquatterIT(Door door) {
        this.door = door;
    }

    private Client owner() {
        Client client = door.connect(database, TestPostgres.shared().user());
        client.run("SET statement_timeout = '10s'");
        return client;
    }

    private Client bob() throws SQLException {
        return new PgClient(TestPostgres.shared().connect(database, Lab.BOB));
    }

    private static void eventually(Client client, String condition) {
        Instant end = Instant.now().plus(Duration.ofSeconds(15));
        while (!"t".equals(client.query("SELECT " + condition).single()) && Instant.now().isBefore(end)) {
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
        assertThat(client.query("SELECT " + condition).single()).as(condition).isEqualTo("t");
    }

    /** Every advisory lock whose first key is one the engine could think of, shared and exclusive, for any second key. */
    @Test
    void advisoryLocksAreInNobodysWay() throws SQLException {
        try (Client client = owner(); Client bob = bob()) {
            bob.run("SELECT pg_advisory_lock(7103951264883001), pg_advisory_lock(1885828203, 1)");
            client.run("CREATE TABLE t (id integer PRIMARY KEY)");
            bob.run("SELECT pg_advisory_lock(key, " + client.query("SELECT 't'::regclass::oid::int").single() + ") FROM generate_series(1885828200, 1885828210) AS key");
            client.run(STREAM_TABLE);
            bob.run("SELECT pg_advisory_lock(key, " + client.query("SELECT 'v'::regclass::oid::int").single() + ") FROM generate_series(1885828200, 1885828210) AS key");
            client.run("INSERT INTO t VALUES (1)");
            eventually(client, "EXISTS (SELECT FROM v) AND pgtrickle.pgt_scheduler_running()");
            eventually(client, "NOT EXISTS (SELECT FROM pgtrickle_changes.changes_" + client.query("SELECT 't'::regclass::oid").single() + ")");
            assertThat(bob.query("SELECT pgtrickle.pgt_scheduler_running()").single()).isEqualTo("t");
            client.run("DROP TABLE t CASCADE");
            eventually(client, "to_regclass('v') IS NULL");
            client.run("CREATE TABLE v (id integer)");
        }
    }

    @Test
    void aSchemaOfTheSameNameIsNotTaken() throws SQLException {
        try (Client client = owner(); Client bob = bob()) {
            client.run("CREATE TABLE t (id integer PRIMARY KEY)");
            for (String name : new String[] {"pgtrickle", "pgtrickle_state", "pgtrickle_changes"}) {
                bob.run("CREATE SCHEMA " + name);
                assertThatThrownBy(() -> client.run(STREAM_TABLE))
                        .hasMessageContaining("schema \"" + name + "\" exists in this database but is not this engine's catalog");
                bob.run("DROP SCHEMA " + name);
            }
            client.run(STREAM_TABLE);
        }
    }

    /** What the engine would run with its own rights. */
    @Test
    void aForgedCatalogIsNotRead() throws SQLException {
        try (Client client = owner(); Client bob = bob()) {
            client.run("CREATE TABLE t (id integer PRIMARY KEY)");
            bob.run("CREATE SCHEMA pgtrickle");
            bob.run("CREATE SCHEMA bob");
            bob.run("CREATE FUNCTION bob.fail(text) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE 'I am %', current_user; END$$");
            bob.run("CREATE VIEW pgtrickle.pgt_schema_version AS SELECT 1 AS version, bob.fail('V001__tables.sql') AS description");
            bob.run("CREATE TABLE pgtrickle.pgt_stream_tables (pgt_relid oid)");
            assertThatThrownBy(() -> client.run(STREAM_TABLE))
                    .hasMessageContaining("the pgtrickle catalog of database \"" + database + "\" belongs to role \"" + Lab.BOB + "\"");
            bob.run("DROP SCHEMA pgtrickle CASCADE");
            client.run(STREAM_TABLE);
        }
    }
}
