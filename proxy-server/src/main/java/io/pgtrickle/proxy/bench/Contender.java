// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench;

/** A way to bring the answer of a query up to date. */
enum Contender {
    REFRESH("plain") {
        @Override
        String create(Scenario scenario) {
            return "CREATE MATERIALIZED VIEW plain AS " + scenario.query();
        }

        @Override
        String refresh(Scenario scenario) {
            return "REFRESH MATERIALIZED VIEW plain";
        }
    },
    CONCURRENTLY("concurrent") {
        @Override
        String create(Scenario scenario) {
            return "CREATE MATERIALIZED VIEW concurrent AS " + scenario.query() + "; CREATE UNIQUE INDEX ON concurrent (" + scenario.key() + ")";
        }

        @Override
        String refresh(Scenario scenario) {
            return "REFRESH MATERIALIZED VIEW CONCURRENTLY concurrent";
        }
    },
    HAND_WRITTEN("hand") {
        @Override
        String create(Scenario scenario) {
            return HandWritten.of(scenario).create();
        }

        @Override
        String refresh(Scenario scenario) {
            return HandWritten.of(scenario).refresh();
        }
    },
    STREAM_TABLE("streamed") {
        /** The schedule keeps the scheduler out of the measurement. */
        @Override
        String create(Scenario scenario) {
            return "CREATE MATERIALIZED VIEW streamed WITH (pgtrickle.stream = true, pgtrickle.schedule = '1h') AS " + scenario.query();
        }

        @Override
        String refresh(Scenario scenario) {
            return "REFRESH MATERIALIZED VIEW streamed";
        }
    };

    /** What holds the answer. */
    final String relation;

    Contender(String relation) {
        this.relation = relation;
    }

    abstract String create(Scenario scenario);

    abstract String refresh(Scenario scenario);
}
