// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite;

import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The database in which the SQL suite tries one door, with two ordinary roles; one per door and JVM. Every test works in a
 * schema of its own, so that tests do not see each other.
 */
public final class Lab {

    /** Owns the test's schema and creates its stream tables. */
    public static final String ALICE = "suite_alice";

    /** Somebody else. */
    public static final String BOB = "suite_bob";

    private static final TestPostgres SERVER = TestPostgres.shared();
    private static final Map<Door, Lab> LABS = new ConcurrentHashMap<>();

    private final Door door;
    private final String database;
    private final AtomicInteger schemas = new AtomicInteger();

    private Lab(Door door) {
        this.door = door;
        this.database = newDatabase();
    }

    public static Lab of(Door door) {
        return LABS.computeIfAbsent(door, Lab::new);
    }

    /** The labs that tests have used so far. */
    static Collection<Lab> all() {
        return List.copyOf(LABS.values());
    }

    /** An empty database in which the suite's roles may create schemas. */
    public static String newDatabase() {
        String database = SERVER.createDatabase();
        try (Client admin = direct(database)) {
            for (String role : new String[] {ALICE, BOB}) {
                if (admin.query("SELECT 1 FROM pg_roles WHERE rolname = '" + role + "'").rows().isEmpty()) {
                    admin.run("CREATE ROLE " + role + " LOGIN PASSWORD '" + SERVER.password() + "'");
                }
                admin.run("GRANT CREATE ON DATABASE " + database + " TO " + role);
            }
        }
        return database;
    }

    /** A superuser's session that does not pass the product. */
    public static Client direct(String database) {
        try {
            return new PgClient(SERVER.connect(database));
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    public Door door() {
        return door;
    }

    public String database() {
        return database;
    }

    /** A session through the door. */
    public Client connect(String role) {
        return door.connect(database, role);
    }

    /** A superuser's session through the door. */
    public Client connectSuperuser() {
        return door.connect(database, SERVER.user());
    }

    /** A superuser's session past the door. */
    public Client direct() {
        return direct(database);
    }

    String newSchemaName() {
        return "s" + schemas.incrementAndGet();
    }
}
