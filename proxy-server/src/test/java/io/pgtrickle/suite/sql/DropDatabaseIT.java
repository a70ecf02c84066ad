// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.Lab;
import io.pgtrickle.suite.SqlError;
import io.pgtrickle.suite.TestPostgres;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** What is done to whole databases, in which the engine has sessions of its own. */
@ParameterizedClass(name = "{0}")
@MethodSource("io.pgtrickle.suite.Doors#all")
class DropDatabaseIT {

    private static final String STREAM_TABLE =
            "CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true, pgtrickle.schedule = '100ms') AS SELECT id FROM t";

    private final Door door;
    private final String database = Lab.newDatabase();

    DropDatabaseIT(Door door) {
        this.door = door;
    }

    @BeforeEach
    void streamTable() {
        try (Client client = connect(database)) {
            client.run("CREATE TABLE t (id integer PRIMARY KEY)");
            client.run(STREAM_TABLE);
            client.run("REFRESH MATERIALIZED VIEW v");
        }
    }

    private Client connect(String name) {
        return door.connect(name, TestPostgres.shared().user());
    }

    /** The server waits five seconds for the engine to leave; an engine that is held up longer makes it say so, as documented. */
    private void admin(String statement) {
        try (Client client = connect("postgres")) {
            for (int attempt = 1; ; attempt++) {
                try {
                    client.run(statement);
                    return;
                } catch (SqlError e) {
                    if (!e.sqlState().equals("55006") || attempt == 3) {
                        throw e;
                    }
                }
            }
        }
    }

    private void createdAgain(String options) {
        admin("CREATE DATABASE " + database + options);
        streamTable();
        try (Client client = connect(database)) {
            client.run("INSERT INTO t VALUES (1)");
            client.run("REFRESH MATERIALIZED VIEW v");
            assertThat(client.query("SELECT * FROM v").lines()).containsExactly("1");
        }
        admin("DROP DATABASE " + database);
    }

    @Test
    void aDatabaseOfAnotherEncoding() {
        admin("DROP DATABASE " + database);
        createdAgain(" ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    }

    @Test
    void aDatabaseWithStreamTablesIsDroppedAndCreatedAgain() {
        admin("DROP DATABASE " + database);
        createdAgain("");
    }

    @Test
    void aDatabaseIsDroppedByForceAndCreatedAgain() {
        admin("DROP DATABASE " + database + " WITH (FORCE)");
        createdAgain("");
    }

    @Test
    void aDatabaseIsCopiedAndRenamed() {
        String copy = database + "_copy";
        admin("CREATE DATABASE " + copy + " TEMPLATE " + database);
        admin("ALTER DATABASE " + database + " RENAME TO " + database + "_renamed");
        for (String name : new String[] {copy, database + "_renamed"}) {
            try (Client client = connect(name)) {
                client.run("INSERT INTO t VALUES (2)");
                client.run("REFRESH MATERIALIZED VIEW v");
                assertThat(client.query("SELECT * FROM v").lines()).containsExactly("2");
            }
            admin("DROP DATABASE " + name);
        }
    }
}
