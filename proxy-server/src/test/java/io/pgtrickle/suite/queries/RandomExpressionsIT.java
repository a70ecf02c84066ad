// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.queries;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.sql.ast.Query;
import io.pgtrickle.sql.jsqlparser.JSqlQueryParser;
import io.pgtrickle.sql.parse.RoundTripGuard;
import io.pgtrickle.sql.parse.UnsupportedConstructException;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RandomExpressionsIT {

    @Test
    void nested_expressions_are_read_rightly_wherever_they_stand() throws SQLException, IOException, UnsupportedConstructException {
        int read = 0;
        try (Server server = new Server()) {
            for (long seed = 1; seed <= 300; seed++) {
                String query = query(new Random(seed));
                String canonical;
                try {
                    canonical = server.canonical(query);
                } catch (SQLException undecidedTypeOrCollation) {
                    continue;
                }
                Query parsed = new JSqlQueryParser().parse(canonical, server);
                assertThat(TableColumns.of(parsed)).as("seed %d: %s", seed, canonical).isEqualTo(server.columns());
                assertThat(RoundTripGuard.accepts(canonical, parsed, server)).as("seed %d: %s", seed, canonical).isTrue();
                read++;
            }
        }
        assertThat(read).isGreaterThan(200);
    }

    private static String query(Random random) {
        String value = RandomExpressions.next(random, "itbjd".charAt(random.nextInt(5)), random.nextInt(4));
        String condition = RandomExpressions.next(random, 'b', random.nextInt(3));
        return switch (random.nextInt(3)) {
            case 0 -> "SELECT id, " + value + " AS x FROM shop.small WHERE " + condition;
            case 1 -> "SELECT " + value + " AS k, count(*) FILTER (WHERE " + condition + ") AS n FROM shop.small GROUP BY 1";
            default -> "SELECT " + value + " AS x FROM shop.small UNION ALL SELECT " + value
                    + " FROM shop.small JOIN region ON " + condition;
        };
    }
}
