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
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Installs the catalog and brings an older one up to date: numbered scripts, each applied once, all in one transaction.
 * Two engines may try at the same time: one waits for the other's lock or schema. No advisory lock, which anybody could hold. A script that has been released is never changed.
 */
public final class Migrations {

    private static final List<String> SCRIPTS =
            List.of("V001__tables.sql", "V002__hands.sql", "V003__facts.sql", "V004__refresh.sql", "V005__api.sql");

    private static final List<String> SCHEMAS = List.of("pgtrickle", "pgtrickle_state", "pgtrickle_changes");

    /**
     * Anybody who may create schemas could make one with functions for the engine to run. So nothing of it is read before it is known to be the
     * engine's, or a superuser's; being a member of its owner says nothing, because the engine is one of every user it works for.
     */
    private static final String OWNER = """
            SELECT o.rolname AS owner, current_user AS role, current_database() AS database,
                o.rolname = current_user OR o.rolsuper AND pg_has_role(o.oid, 'USAGE') AS ours
            FROM pg_namespace n JOIN pg_roles o ON o.oid = n.nspowner WHERE n.nspname = 'pgtrickle'""";

    /** The names alone do not tell a script from the one it was before its release. Catalogs older than the digests have none. */
    private static final String APPLIED = """
            SELECT concat_ws(' ', description, to_jsonb(v) ->> 'digest') AS script FROM pgtrickle.pgt_schema_version v ORDER BY version""";

    private static final int DIGEST_LENGTH = 16;

    private static final Set<String> DUPLICATE_SCHEMA = Set.of("42P06", "23505");

    private Migrations() {}

    /** Whether the database has a catalog of any version. */
    public static boolean installed(EngineConnection connection) {
        return connection.execute("SELECT to_regclass('pgtrickle.pgt_schema_version') IS NOT NULL").single() instanceof String answer
                && answer.startsWith("t");
    }

    /** Whether a schema of that name may be trusted. */
    static boolean ours(EngineConnection connection) {
        return Row.of(connection.execute(OWNER)).stream().anyMatch(catalog -> catalog.flag("ours"));
    }

    /** @throws EngineException when the catalog was made by a newer engine or the role may not create it */
    public static void apply(EngineConnections connections) {
        try {
            if (!upToDate(connections)) {
                bringUpToDate(connections);
            }
        } catch (SqlFailure e) {
            if (DUPLICATE_SCHEMA.contains(e.sqlState()) && upToDate(connections)) {
                return;
            }
            if (e.sqlState().equals("42501")) {
                throw EngineException.withDetail(
                        ErrorCode.PERMISSION_DENIED,
                        "the engine's role cannot install the pgtrickle catalog in this database",
                        e.error().message(),
                        "As a superuser: GRANT CREATE ON DATABASE name TO the role the engine logs in as.");
            }
            throw e;
        }
    }

    private static boolean upToDate(EngineConnections connections) {
        try (EngineConnection connection = connections.borrow()) {
            return installed(connection) && ownVersion(connection) == SCRIPTS.size();
        }
    }

    private static void bringUpToDate(EngineConnections connections) {
        connections.inTransaction("BEGIN", connection -> {
            connection.execute("SET LOCAL lock_timeout = '10s'");
            boolean installed = installed(connection);
            if (installed) {
                connection.execute("LOCK TABLE pgtrickle.pgt_schema_version IN SHARE ROW EXCLUSIVE MODE");
            }
            int version = installed ? ownVersion(connection) : checkNamesAreFree(connection);
            if (version > SCRIPTS.size()) {
                throw EngineException.withHint(
                        ErrorCode.CATALOG_TOO_NEW,
                        "the pgtrickle catalog of this database has version " + version + ", this engine knows versions up to " + SCRIPTS.size(),
                        "Run a pgtrickle release at least as new as the one that installed the catalog.");
            }
            for (int next = version + 1; next <= SCRIPTS.size(); next++) {
                String name = SCRIPTS.get(next - 1);
                connection.execute(read(name));
                connection.execute("INSERT INTO pgtrickle.pgt_schema_version (version, description, digest) VALUES ("
                        + next + ", " + Quoting.literal(name) + ", " + Quoting.literal(digest(name)) + ")");
            }
            return version;
        });
    }

    /** What another role has made can neither be read in full nor brought up to date. */
    private static int ownVersion(EngineConnection connection) {
        Row catalog = Row.of(connection.execute(OWNER)).getFirst();
        if (!catalog.flag("ours")) {
            throw EngineException.withDetail(
                    ErrorCode.PERMISSION_DENIED,
                    "the pgtrickle catalog of database \"%s\" belongs to role \"%s\"".formatted(catalog.text("database"), catalog.text("owner")),
                    "The engine has logged in as \"" + catalog.text("role") + "\".",
                    "Let the engine log in as \"" + catalog.text("owner") + "\", whose engine made the catalog.");
        }
        List<String> applied = Row.of(connection.execute(APPLIED)).stream().map(script -> script.text("script")).toList();
        int shared = Math.min(applied.size(), SCRIPTS.size());
        List<String> own = SCRIPTS.subList(0, shared).stream().map(name -> name + ' ' + digest(name)).toList();
        if (!applied.subList(0, shared).equals(own)) {
            throw EngineException.withHint(
                    ErrorCode.CATALOG_OF_ANOTHER_BUILD,
                    "the pgtrickle catalog of database \"%s\" was made by an unreleased engine".formatted(catalog.text("database")),
                    "DROP SCHEMA pgtrickle, pgtrickle_state, pgtrickle_changes CASCADE and create the stream tables again, or start with an empty data directory.");
        }
        return applied.size();
    }

    /** Another product's schema of this name (the extension pg_trickle uses it) must not be written into. */
    private static int checkNamesAreFree(EngineConnection connection) {
        String names = SCHEMAS.stream().map(Quoting::literal).collect(Collectors.joining(", "));
        for (Row taken : Row.of(connection.execute("SELECT nspname AS name FROM pg_namespace WHERE nspname IN (" + names + ") ORDER BY 1"))) {
            throw EngineException.withHint(
                    ErrorCode.WRONG_OBJECT_TYPE,
                    "schema \"%s\" exists in this database but is not this engine's catalog".formatted(taken.text("name")),
                    "Rename or drop the schema, or remove the extension that owns it.");
        }
        return 0;
    }

    /** The beginning of a script's SHA-256. */
    private static String digest(String name) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(read(name).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash).substring(0, DIGEST_LENGTH);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
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
