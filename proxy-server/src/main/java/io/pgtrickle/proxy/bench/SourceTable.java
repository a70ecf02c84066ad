// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench;

import io.pgtrickle.proxy.probe.Sql;
import java.sql.Connection;
import java.sql.SQLException;

/** The tables {@code src} and {@code dim} of the refresh matrix: filled by arithmetic, changed by a seeded random. */
final class SourceTable {

    private static final String CREATE =
            """
            CREATE TABLE src (
              id serial PRIMARY KEY, region text NOT NULL, category text NOT NULL, amount int NOT NULL, score int NOT NULL);
            CREATE TABLE dim (
              id serial PRIMARY KEY, region text NOT NULL, region_name text NOT NULL, multiplier numeric NOT NULL DEFAULT 1.0);
            INSERT INTO dim (region, region_name)
            SELECT region, 'Region ' || region FROM unnest(ARRAY['north', 'south', 'east', 'west', 'central']) AS region""";

    private static final String FILL =
            """
            INSERT INTO src (region, category, amount, score)
            SELECT (ARRAY['north', 'south', 'east', 'west', 'central'])[i % 5 + 1], (ARRAY['A', 'B', 'C', 'D'])[i % 4 + 1],
              (i * 17 + 13) % 10000, (i * 31 + 7) % 100
            FROM generate_series(1, ?::int) AS i""";

    private static final String UPDATE =
            "UPDATE src SET amount = amount + 1 WHERE id = ANY (ARRAY(SELECT id FROM src ORDER BY random() LIMIT ?))";

    private static final String DELETE = "DELETE FROM src WHERE id = ANY (ARRAY(SELECT id FROM src ORDER BY random() LIMIT ?))";

    private static final String INSERT =
            """
            INSERT INTO src (region, category, amount, score)
            SELECT (ARRAY['north', 'south', 'east', 'west', 'central'])[i % 5 + 1], (ARRAY['A', 'B', 'C', 'D'])[i % 4 + 1],
              (random() * 10000)::int, (i * 31 + 7) % 100
            FROM generate_series(1, ?::int) AS i""";

    private static final String SEED = "SELECT setseed(0.42)";

    private static final double UPDATED = 0.70;
    private static final double DELETED = 0.15;

    private final Connection connection;
    private final int rows;

    SourceTable(Connection connection, int rows) {
        this.connection = connection;
        this.rows = rows;
    }

    static void create(Connection connection) throws SQLException {
        Sql.run(connection, "DROP TABLE IF EXISTS src, dim", CREATE);
    }

    int rows() {
        return rows;
    }

    void fill() throws SQLException {
        Sql.run(connection, "TRUNCATE src RESTART IDENTITY");
        Sql.update(connection, FILL, rows);
        Sql.run(connection, SEED, "VACUUM (ANALYZE) src");
    }

    /** Updates 70 %, deletes 15 % and inserts 15 % of the rows that shall change, each in a transaction of its own. */
    void change(ChangeRate rate) throws SQLException {
        int changed = rate.rowsOf(rows);
        int deleted = (int) (changed * DELETED);
        int updated = Math.max(Math.min(changed, 1), (int) (changed * UPDATED));
        if (updated > 0) {
            Sql.update(connection, UPDATE, updated);
        }
        if (deleted > 0) {
            Sql.update(connection, DELETE, deleted);
            Sql.update(connection, INSERT, deleted);
        }
        Sql.run(connection, "ANALYZE src");
    }
}
