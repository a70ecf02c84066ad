// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.queries;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.sql.ast.Query;
import io.pgtrickle.sql.jsqlparser.JSqlQueryParser;
import io.pgtrickle.sql.parse.RoundTripGuard;
import io.pgtrickle.sql.parse.UnsupportedConstructException;
import io.pgtrickle.sql.render.QueryRenderer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * PostgreSQL agrees with queries.golden. To add a query, write {@code === name}, the query and an empty line into the file
 * and run this test with {@code -Dgolden.update=true}; review the difference.
 */
class GoldenQueriesIT {

    private static final Path GOLDEN = Server.CORPUS.resolve("queries.golden");
    private static final Pattern ENTRY = Pattern.compile("(?m)^=== (.+)\n((?s:.+?))\n(?=--- canonical$|\n|\\z)");

    @Test
    void the_corpus_is_what_postgresql_prints_and_every_accepted_tree_survives_the_round_trip() throws SQLException, IOException {
        String golden = Files.readString(GOLDEN);
        StringBuilder now = new StringBuilder();
        try (Server server = new Server()) {
            Matcher entry = ENTRY.matcher(golden);
            while (entry.find()) {
                now.append("=== ").append(entry.group(1)).append('\n').append(entry.group(2)).append('\n');
                now.append(result(server, entry.group(1), entry.group(2))).append("\n\n");
            }
        }
        if (Boolean.getBoolean("golden.update")) {
            Files.writeString(GOLDEN, now);
        } else {
            assertThat(now.toString()).isEqualTo(golden);
        }
    }

    private static String result(Server server, String name, String query) throws SQLException {
        String canonical = server.canonical(query);
        String result = "--- canonical\n" + canonical + "\n";
        try {
            Query parsed = new JSqlQueryParser().parse(canonical, server);
            if (TableColumns.isResolvable(parsed)) {
                assertThat(TableColumns.of(parsed)).as(name).isEqualTo(server.columns());
            }
            assertThat(RoundTripGuard.accepts(canonical, parsed, server)).as(name).isTrue();
            return result + "--- accepted\n" + QueryRenderer.query(parsed);
        } catch (UnsupportedConstructException e) {
            return result + "--- unsupported\n" + e.construct();
        }
    }
}
