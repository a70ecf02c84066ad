// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.Client;
import io.pgtrickle.suite.Door;
import io.pgtrickle.suite.SqlSuite;
import io.pgtrickle.suite.oracle.Oracle;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** If the engine lost or doubled a single change, the oracle would see it: changes are tampered with behind its back. */
class TamperedChangesIT extends SqlSuite {

    private static final String QUERY = "SELECT g, count(*) AS n, sum(x) AS s FROM t GROUP BY g";

    TamperedChangesIT(Door door) {
        super(door);
    }

    @BeforeEach
    void source() {
        run("CREATE TABLE t (g text, x integer)", "INSERT INTO t VALUES ('a', 1), ('b', 2)");
    }

    private boolean equalAfter(String tampering) {
        run(create(QUERY), "INSERT INTO t VALUES ('a', 5), ('c', 6)", "UPDATE t SET x = 9 WHERE g = 'b'");
        try (Client direct = lab.direct()) {
            direct.run(tampering.formatted("pgtrickle_changes.changes_" + query("SELECT 't'::regclass::oid").single()));
        }
        run("REFRESH MATERIALIZED VIEW v");
        return Oracle.exact().compare(alice, "v", QUERY).isEmpty();
    }

    @Test
    void untouchedChangesAreRight() {
        assertThat(equalAfter("SELECT count(*) FROM %s")).isTrue();
    }

    @Test
    void aLostChangeIsSeen() {
        assertThat(equalAfter("DELETE FROM %1$s WHERE ctid = (SELECT min(ctid) FROM %1$s)")).isFalse();
    }

    @Test
    void aDoubledChangeIsSeen() {
        assertThat(equalAfter("INSERT INTO %1$s SELECT * FROM %1$s WHERE ctid = (SELECT min(ctid) FROM %1$s)")).isFalse();
    }

    @Test
    void aTurnedSignIsSeen() {
        assertThat(equalAfter("UPDATE %1$s SET __pgt_w = -__pgt_w WHERE ctid = (SELECT min(ctid) FROM %1$s)")).isFalse();
    }
}
