// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench;

/** The queries of the refresh matrix. */
public enum Scenario {
    SCAN("id", "SELECT id, region, category, amount, score FROM src"),
    FILTER("id", "SELECT id, region, amount FROM src WHERE amount > 5000"),
    AGGREGATE("region", "SELECT region, sum(amount) AS total, count(*) AS n FROM src GROUP BY region"),
    JOIN("id", "SELECT s.id, s.region, s.amount, d.region_name FROM src s JOIN dim d ON d.region = s.region"),
    JOIN_AGG(
            "region_name",
            "SELECT d.region_name, sum(s.amount) AS total, count(*) AS n FROM src s JOIN dim d ON d.region = s.region GROUP BY d.region_name");

    private final String key;
    private final String query;

    Scenario(String key, String query) {
        this.key = key;
        this.query = query;
    }

    /** The unique column; REFRESH CONCURRENTLY needs an index on it. */
    String key() {
        return key;
    }

    String query() {
        return query;
    }
}
