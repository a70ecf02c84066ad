// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench;

/** A way to bring the answer of a query up to date. */
enum Contender {
    REFRESH("CREATE MATERIALIZED VIEW plain AS %1$s", "REFRESH MATERIALIZED VIEW plain"),
    CONCURRENTLY(
            "CREATE MATERIALIZED VIEW concurrent AS %1$s; CREATE UNIQUE INDEX ON concurrent (%2$s)",
            "REFRESH MATERIALIZED VIEW CONCURRENTLY concurrent"),
    /** The schedule keeps the scheduler out of the measurement. */
    STREAM_TABLE(
            "CREATE MATERIALIZED VIEW streamed WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS %1$s",
            "REFRESH MATERIALIZED VIEW streamed");

    private final String create;
    final String refresh;

    Contender(String create, String refresh) {
        this.create = create;
        this.refresh = refresh;
    }

    String create(Scenario scenario) {
        return create.formatted(scenario.query(), scenario.key());
    }
}
