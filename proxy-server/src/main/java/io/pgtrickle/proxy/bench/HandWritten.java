// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench;

/**
 * What an expert would write for one scenario, knowing its keys and that nobody else consumes the changes: statement triggers that
 * put changes into one buffer per table, and one statement that takes them out and applies them. Exact under concurrent writers.
 */
record HandWritten(String create, String refresh) {

    /** As the engine sets them for itself: an expert would, too. */
    static final String SETTINGS = "SET random_page_cost = 1.1; SET jit = off";

    private static final String BUFFERS =
            """
            CREATE TABLE IF NOT EXISTS hand_src (w int, id int, region text, amount int);
            CREATE TABLE IF NOT EXISTS hand_dim (w int, region text, region_name text);
            TRUNCATE hand_src, hand_dim;
            """;

    private static final String CAPTURE =
            """
            CREATE OR REPLACE FUNCTION hand_%1$s_came() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN INSERT INTO hand_%1$s SELECT 1, %2$s FROM came; RETURN NULL; END';
            CREATE OR REPLACE FUNCTION hand_%1$s_went() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN INSERT INTO hand_%1$s SELECT -1, %2$s FROM went; RETURN NULL; END';
            CREATE OR REPLACE FUNCTION hand_%1$s_changed() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN INSERT INTO hand_%1$s SELECT -1, %2$s FROM went UNION ALL SELECT 1, %2$s FROM came; RETURN NULL; END';
            CREATE OR REPLACE TRIGGER hand_insert AFTER INSERT ON %1$s REFERENCING NEW TABLE AS came
              FOR EACH STATEMENT EXECUTE FUNCTION hand_%1$s_came();
            CREATE OR REPLACE TRIGGER hand_delete AFTER DELETE ON %1$s REFERENCING OLD TABLE AS went
              FOR EACH STATEMENT EXECUTE FUNCTION hand_%1$s_went();
            CREATE OR REPLACE TRIGGER hand_update AFTER UPDATE ON %1$s REFERENCING OLD TABLE AS went NEW TABLE AS came
              FOR EACH STATEMENT EXECUTE FUNCTION hand_%1$s_changed();
            """;

    /** Dirty keys: the rows of the keys that changed, from the source as it is now. */
    private static final String BY_KEY =
            """
            WITH s AS (DELETE FROM hand_src RETURNING id), d AS (DELETE FROM hand_dim RETURNING region),
            dirty AS (SELECT id FROM s UNION SELECT src.id FROM d JOIN src ON src.region = d.region)
            MERGE INTO hand AS t
            USING (SELECT dirty.id AS key, q.* FROM dirty LEFT JOIN (%1$s) AS q ON q.id = dirty.id) AS q
            ON t.id = q.key
            WHEN MATCHED AND q.id IS NULL THEN DELETE
            WHEN MATCHED THEN UPDATE SET %2$s
            WHEN NOT MATCHED AND q.id IS NOT NULL THEN INSERT VALUES (%3$s)""";

    /** Sums and counts of the changes are added to those of the groups. */
    private static final String BY_GROUP =
            """
            WITH s AS (DELETE FROM hand_src RETURNING w, id, region, amount), d AS (DELETE FROM hand_dim RETURNING w, region, region_name),
            g AS (SELECT %1$s AS key, sum(w * amount) AS total, sum(w) AS n FROM (%2$s) AS c GROUP BY 1)
            MERGE INTO hand AS t USING g ON t.%1$s = g.key
            WHEN MATCHED AND t.n + g.n = 0 THEN DELETE
            WHEN MATCHED THEN UPDATE SET total = t.total + g.total, n = t.n + g.n
            WHEN NOT MATCHED AND g.n > 0 THEN INSERT VALUES (g.key, g.total, g.n)""";

    private static final String JOINED_CHANGES =
            """
            SELECT s.w, dim.region_name, s.amount FROM s JOIN dim ON dim.region = s.region
            UNION ALL SELECT d.w, d.region_name, src.amount FROM src JOIN d ON d.region = src.region
            UNION ALL SELECT -s.w * d.w, d.region_name, s.amount FROM s JOIN d ON d.region = s.region""";

    static HandWritten of(Scenario scenario) {
        String query = scenario.query();
        String refresh =
                switch (scenario) {
                    case SCAN -> BY_KEY.formatted(
                            query,
                            "region = q.region, category = q.category, amount = q.amount, score = q.score",
                            "q.id, q.region, q.category, q.amount, q.score");
                    case FILTER -> BY_KEY.formatted(query, "region = q.region, amount = q.amount", "q.id, q.region, q.amount");
                    case JOIN -> BY_KEY.formatted(
                            query,
                            "region = q.region, amount = q.amount, region_name = q.region_name",
                            "q.id, q.region, q.amount, q.region_name");
                    case AGGREGATE -> BY_GROUP.formatted("region", "SELECT w, region, amount FROM s");
                    case JOIN_AGG -> BY_GROUP.formatted("region_name", JOINED_CHANGES);
                };
        return new HandWritten(
                BUFFERS + CAPTURE.formatted("src", "id, region, amount") + CAPTURE.formatted("dim", "region, region_name")
                        + "CREATE TABLE hand WITH (fillfactor = 90) AS " + query + "; CREATE UNIQUE INDEX ON hand (" + scenario.key() + "); ANALYZE hand",
                refresh);
    }
}
