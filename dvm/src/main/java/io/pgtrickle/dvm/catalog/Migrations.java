// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.catalog;

import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.dvm.error.ErrorCode;
import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.EngineConnections;
import io.pgtrickle.dvm.session.Row;
import io.pgtrickle.dvm.session.SqlFailure;
import io.pgtrickle.sql.render.Quoting;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * Installs the catalog and brings an older one up to date: numbered scripts, each applied once, all in one transaction
 * under a lock, so that two engines may try at the same time. A script that has been released is never changed.
 */
public final class Migrations {

    private static final List<String> SCRIPTS =
            List.of("V001__tables.sql", "V002__hands.sql", "V003__facts.sql", "V004__refresh.sql", "V005__api.sql");

    /** Serialises installers; any constant will do. */
    private static final long INSTALL_LOCK = 7_103_951_264_883_001L;

    private Migrations() {}

    /** Whether the database has a catalog of any version. */
    public static boolean installed(EngineConnection connection) {
        return connection.execute("SELECT to_regclass('pgtrickle.pgt_schema_version') IS NOT NULL").single() instanceof String answer
                && answer.startsWith("t");
    }

    /** @throws EngineException when the catalog was made by a newer engine or the role may not create it */
    public static void apply(EngineConnections connections) {
        try {
            connections.inTransaction("BEGIN", connection -> {
                connection.execute("SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(" + INSTALL_LOCK + ")");
                int version = installed(connection) ? ownVersion(connection) : checkNameIsFree(connection);
                if (version > SCRIPTS.size()) {
                    throw EngineException.withHint(
                            ErrorCode.CATALOG_TOO_NEW,
                            "the pgtrickle catalog of this database has version " + version + ", this engine knows versions up to " + SCRIPTS.size(),
                            "Run a pgtrickle release at least as new as the one that installed the catalog.");
                }
                for (int next = version + 1; next <= SCRIPTS.size(); next++) {
                    String name = SCRIPTS.get(next - 1);
                    connection.execute(read(name));
                    connection.execute("INSERT INTO pgtrickle.pgt_schema_version (version, description) VALUES ("
                            + next + ", " + Quoting.literal(name) + ")");
                }
                return version;
            });
        } catch (SqlFailure e) {
            if (e.sqlState().equals("42501")) {
                throw EngineException.withDetail(
                        ErrorCode.PERMISSION_DENIED,
                        "the engine's role cannot install the pgtrickle catalog in this database",
                        e.error().message(),
                        "As a superuser: GRANT CREATE ON DATABASE … TO the role the engine logs in as.");
            }
            throw e;
        }
    }

    /** What another role has made can neither be read in full nor brought up to date. */
    private static int ownVersion(EngineConnection connection) {
        Row catalog = Row.of(connection.execute("""
                SELECT pg_get_userbyid(nspowner) AS owner, pg_has_role(nspowner, 'USAGE') AS ours, current_user AS role,
                    current_database() AS database,
                    (SELECT coalesce(string_agg(description, ' ' ORDER BY version), '') FROM pgtrickle.pgt_schema_version) AS scripts
                FROM pg_namespace WHERE nspname = 'pgtrickle'""")).getFirst();
        if (!catalog.flag("ours")) {
            throw EngineException.withDetail(
                    ErrorCode.PERMISSION_DENIED,
                    "the pgtrickle catalog of database \"%s\" belongs to role \"%s\"".formatted(catalog.text("database"), catalog.text("owner")),
                    "The engine has logged in as \"" + catalog.text("role") + "\".",
                    "Let the engine log in as \"" + catalog.text("owner") + "\", whose engine made the catalog.");
        }
        List<String> applied = Arrays.stream(catalog.text("scripts").split(" ")).filter(name -> !name.isEmpty()).toList();
        int shared = Math.min(applied.size(), SCRIPTS.size());
        if (!applied.subList(0, shared).equals(SCRIPTS.subList(0, shared))) {
            throw EngineException.withHint(
                    ErrorCode.WRONG_OBJECT_TYPE,
                    "the pgtrickle catalog of database \"%s\" was made by an unreleased engine".formatted(catalog.text("database")),
                    "DROP SCHEMA pgtrickle, pgtrickle_state, pgtrickle_changes CASCADE and create the stream tables again, or start with an empty data directory.");
        }
        return applied.size();
    }

    /** Another product's schema of this name (the extension pg_trickle uses it) must not be written into. */
    private static int checkNameIsFree(EngineConnection connection) {
        String taken = connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'pgtrickle'").single();
        if (!"0".equals(taken)) {
            throw EngineException.withHint(
                    ErrorCode.WRONG_OBJECT_TYPE,
                    "schema \"pgtrickle\" exists in this database but is not this engine's catalog",
                    "Rename or drop the schema, or remove the extension that owns it.");
        }
        return 0;
    }

    private static String read(String name) {
        try (InputStream script = Migrations.class.getResourceAsStream(name)) {
            if (script == null) {
                throw new IllegalStateException("migration " + name + " is missing from the program");
            }
            return new String(script.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
