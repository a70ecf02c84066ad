// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.queries;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.dvm.engine.DatabaseEngines;
import io.pgtrickle.dvm.engine.EngineOptions;
import io.pgtrickle.dvm.engine.StreamTableEngine;
import io.pgtrickle.dvm.jdbc.JdbcEngines;
import io.pgtrickle.dvm.jdbc.JdbcSqlSession;
import io.pgtrickle.dvm.jdbc.ServerAddress;
import io.pgtrickle.dvm.session.SqlFailure;
import io.pgtrickle.sql.statement.SqlStatement.StreamTableCommand;
import io.pgtrickle.sql.statement.StatementClassifier;
import io.pgtrickle.suite.TestPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * docs/sql-support.md says what the engine really does with every query of the corpus. {@code -Dgolden.update=true}
 * writes the page anew; review the difference.
 */
class SqlSupportPageIT {

    private static final Path PAGE = Path.of("..", "docs", "sql-support.md");
    private static final Pattern ENTRY = Pattern.compile("(?m)^=== (.+)\n((?s:.+?))\n(?=--- canonical$)");

    private static final String HEAD = """
            # SQL support

            What becomes of a query in mode AUTO, tried on PostgreSQL 18 by a test that also writes this page. DIFFERENTIAL:
            each refresh costs what the changes cost. FULL: each refresh recomputes the query and writes the difference, and
            CREATE says so with a WARNING; asked for DIFFERENTIAL explicitly, such a query is an error with a hint. "Refused" is
            an error in every mode.

            | construct | maintained | example |
            |---|---|---|
            """;

    @Test
    void thePageInTheDocumentationIsWhatTheEngineDoes() throws SQLException, IOException {
        String page = HEAD + table();
        if (Boolean.getBoolean("golden.update")) {
            Files.writeString(PAGE, page);
        }
        assertThat(PAGE).hasContent(page);
    }

    private static String table() throws SQLException, IOException {
        TestPostgres server = TestPostgres.shared();
        String database = server.createDatabase();
        Optional<String> password = Optional.of(server.password()).filter(text -> !text.isEmpty());
        ServerAddress address = new ServerAddress(server.host(), server.port(), server.user(), password, Map.of());
        StringBuilder table = new StringBuilder();
        try (DatabaseEngines engines = JdbcEngines.open(address, new EngineOptions(false));
                Connection connection = server.connect(database);
                Statement statement = connection.createStatement()) {
            statement.execute(Files.readString(Server.CORPUS.resolve("schema.sql")));
            connection.setAutoCommit(false);
            StreamTableEngine engine = engines.forDatabase(database, true);
            Matcher entry = ENTRY.matcher(Files.readString(Server.CORPUS.resolve("queries.golden")));
            while (entry.find()) {
                table.append("| ").append(cell(entry.group(1)));
                table.append(" | ").append(cell(outcome(engine, connection, entry.group(2))));
                table.append(" | `").append(cell(entry.group(2).replace("`", "'"))).append("` |\n");
            }
        }
        return table.toString();
    }

    private static String outcome(StreamTableEngine engine, Connection connection, String query) throws SQLException {
        String create = "CREATE MATERIALIZED VIEW public.tried WITH (pgtrickle.stream = true) AS " + query + " WITH NO DATA";
        try (Statement statement = connection.createStatement()) {
            StreamTableCommand command = (StreamTableCommand) new StatementClassifier().classify(create, true).getFirst();
            engine.execute(command, List.of(), new JdbcSqlSession(connection, false));
            try (ResultSet row = statement.executeQuery(
                    "SELECT refresh_mode, full_reason FROM pgtrickle.pgt_stream_tables WHERE pgt_name = 'tried'")) {
                row.next();
                return row.getString(2) == null ? row.getString(1) : row.getString(1) + ": " + row.getString(2);
            }
        } catch (SqlFailure refused) {
            return "refused: " + refused.error().message();
        } finally {
            connection.rollback();
        }
    }

    private static String cell(String text) {
        return text.strip().replaceAll("\\s+", " ").replace("|", "\\|");
    }
}
