// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.generate;

import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.PgClient;
import io.pgtrickle.suite.Reply;
import io.pgtrickle.suite.TestPostgres;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A fake product: a stream table is an ordinary table that REFRESH fills anew. It is right by construction, so it shows that
 * the generator makes valid cases; the careless one skips a refresh if the number of rows would stay the same, so it shows
 * that the oracle bites.
 */
record RecomputingDoor(TestPostgres server, boolean careless) implements Door {

    private static final Pattern CREATE = Pattern.compile("CREATE MATERIALIZED VIEW (\\w+) WITH \\([^)]*\\) AS\\n(.*)", Pattern.DOTALL);
    private static final Pattern REFRESH =
            Pattern.compile("REFRESH MATERIALIZED VIEW (?:CONCURRENTLY )?(\\w+)|SELECT pgtrickle.refresh_stream_table\\('(\\w+)'\\)");
    private static final Pattern DROP = Pattern.compile("DROP MATERIALIZED VIEW IF EXISTS (\\w+)");

    @Override
    public String name() {
        return "recomputing";
    }

    @Override
    public Client connect(String database, String role) {
        try {
            return new Session(server.connect(database, role));
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private final class Session extends PgClient {
        Session(Connection connection) {
            super(connection);
        }

        @Override
        public List<Reply> run(String sql) {
            Matcher create = CREATE.matcher(sql);
            if (create.matches()) {
                super.run("CREATE TABLE " + create.group(1) + " AS " + create.group(2));
                return super.run("COMMENT ON TABLE " + create.group(1) + " IS '" + create.group(2).replace("'", "''") + "'");
            }
            Matcher refresh = REFRESH.matcher(sql);
            if (refresh.matches()) {
                return refresh(refresh.group(1) != null ? refresh.group(1) : refresh.group(2));
            }
            Matcher drop = DROP.matcher(sql);
            return super.run(drop.matches() ? "DROP TABLE IF EXISTS " + drop.group(1) : sql);
        }

        private List<Reply> refresh(String table) {
            @Nullable String query = super.run("SELECT obj_description('" + table + "'::regclass)").getLast().single();
            if (careless && "t".equals(super.run(
                    "SELECT (SELECT count(*) FROM " + table + ") = (SELECT count(*) FROM (" + query + ") q)").getLast().single())) {
                return List.of();
            }
            super.run("DELETE FROM " + table);
            return super.run("INSERT INTO " + table + " " + query);
        }
    }
}
