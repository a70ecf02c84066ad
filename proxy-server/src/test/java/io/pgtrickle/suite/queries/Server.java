// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.queries;

import io.pgtrickle.sql.parse.FunctionCatalog;
import io.pgtrickle.sql.parse.RoundTripGuard;
import io.pgtrickle.sql.render.Quoting;
import io.pgtrickle.suite.TestPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** A database with the corpus' schema: what PostgreSQL makes of queries. */
final class Server implements FunctionCatalog, RoundTripGuard.Deparser, AutoCloseable {

    static final Path CORPUS = Path.of("../sql/src/test/resources/queries");

    private static final String VIEW = "public.deparsed_view";

    private final Connection connection;
    private final Map<String, Kind> kinds = new HashMap<>();

    Server() throws SQLException, IOException {
        connection = TestPostgres.shared().connect(TestPostgres.shared().createDatabase());
        execute(Files.readString(CORPUS.resolve("schema.sql")));
    }

    /** The canonical text; the view stays until the next call. */
    String canonical(String query) throws SQLException {
        execute("SET search_path = public; DROP VIEW IF EXISTS " + VIEW + "; CREATE VIEW " + VIEW + " AS " + query);
        execute("SET search_path = ''");
        return rows("SELECT pg_get_viewdef(" + Quoting.literal(VIEW) + "::regclass)").getFirst();
    }

    @Override
    public Optional<String> deparse(String query) {
        try {
            execute("SET search_path = ''; DROP VIEW IF EXISTS " + VIEW + "; CREATE VIEW " + VIEW + " AS " + query);
            return Optional.of(rows("SELECT pg_get_viewdef(" + Quoting.literal(VIEW) + "::regclass)").getFirst());
        } catch (SQLException refused) {
            return Optional.empty();
        }
    }

    /** The table columns the view depends on, as {@code schema.table.column}. */
    Set<String> columns() throws SQLException {
        return new TreeSet<>(rows("""
                SELECT DISTINCT n.nspname || '.' || c.relname || '.' || a.attname
                FROM pg_rewrite r
                JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                JOIN pg_class c ON d.refclassid = 'pg_class'::regclass AND c.oid = d.refobjid
                JOIN pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
                WHERE r.ev_class = '%s'::regclass AND c.oid <> r.ev_class AND d.refobjsubid > 0 AND c.relkind <> 'c'
                """.formatted(VIEW)));
    }

    @Override
    public Kind kind(String name) {
        return kinds.computeIfAbsent(name, this::lookUp);
    }

    private Kind lookUp(String name) {
        try {
            String kind = rows("""
                    SELECT CASE WHEN p.proretset THEN 's' ELSE p.prokind::text END
                    FROM pg_proc p
                    JOIN pg_namespace n ON n.oid = p.pronamespace
                    WHERE %1$s IN (quote_ident(p.proname), quote_ident(n.nspname) || '.' || quote_ident(p.proname))
                    ORDER BY 1 LIMIT 1
                    """.formatted(Quoting.literal(name))).getFirst();
            return switch (kind) {
                case "a" -> Kind.AGGREGATE;
                case "w" -> Kind.WINDOW;
                case "s" -> Kind.SET_RETURNING;
                default -> Kind.SCALAR;
            };
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private List<String> rows(String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            List<String> rows = new ArrayList<>();
            while (result.next()) {
                rows.add(result.getString(1));
            }
            return rows;
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
