// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.step;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.oracle.Oracle;
import java.util.Arrays;
import java.util.List;

/**
 * A stream table under test: {@code view("SELECT …").step("INSERT …").delta("+1 | 1 | a").matchesRecompute()}.
 *
 * @param query its defining query, evaluated by PostgreSQL for comparison
 */
public record StreamTable(Client client, String name, String query, Oracle oracle) {

    /** Sums and averages of floats may differ in their last digits. */
    public StreamTable withinRounding() {
        return new StreamTable(client, name, query, Oracle.floatsWithinRounding());
    }

    /**
     * Runs changes, each a statement or string of statements, then refreshes. Unless they TRUNCATE, the refresh must not have
     * recomputed everything: a silent fall-back would prove nothing about the delta rules.
     */
    public Step step(String... changes) {
        List<String> before = Oracle.content(client, name);
        long recomputations = recomputations();
        for (String change : changes) {
            client.run(change);
        }
        client.run("REFRESH MATERIALIZED VIEW " + name);
        if (Arrays.stream(changes).noneMatch(c -> c.startsWith("TRUNCATE"))) {
            assertThat(recomputations()).as("how often %s was recomputed", name).isEqualTo(recomputations);
        }
        return new Step(this, before, Oracle.content(client, name));
    }

    /** As {@link #step}, for changes after which the stream table has to be made anew. */
    public Step anew(String... changes) {
        List<String> before = Oracle.content(client, name);
        long recomputations = recomputations();
        for (String change : changes) {
            client.run(change);
        }
        client.run("REFRESH MATERIALIZED VIEW " + name);
        assertThat(recomputations()).as("how often %s was recomputed", name).isGreaterThan(recomputations);
        return new Step(this, before, Oracle.content(client, name));
    }

    private long recomputations() {
        return Long.parseLong(String.valueOf(client.query(
                "SELECT count(*) FROM pgtrickle.pgt_refresh_history h JOIN pgtrickle.pgt_stream_tables s USING (pgt_id) "
                        + "WHERE h.action IN ('FULL', 'REINITIALIZE') AND s.pgt_relid = '" + name.replace("'", "''") + "'::regclass").single()));
    }

    /** The stream table holds exactly what its query returns. */
    public StreamTable matchesRecompute() {
        oracle.check(client, name, query);
        return this;
    }
}
