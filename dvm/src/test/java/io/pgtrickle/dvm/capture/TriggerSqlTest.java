// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.capture;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class TriggerSqlTest {

    private static final List<String> LIVE = List.of("id", "Secret", "amount");

    private static TriggerSql triggers(List<String> key, List<String> captured) {
        return new TriggerSql(new CapturedTable(7, 7, "shop.orders", false, false, List.of(), LIVE, List.of("1 23 -1", "2 25 -1", "4 1700 -1"), key), captured, captured);
    }

    @Test
    void columnsAreReadByPositionSoThatARenameDoesNotBreakWriters() {
        assertThat(triggers(List.of("id"), List.of("id", "amount")).body("ins")).isEqualTo("""
                INSERT INTO pgtrickle_changes.changes_7 (__pgt_xid, __pgt_w, id, amount)
                SELECT __pgt_xid, 1::smallint, t.__pgt_c1, t.__pgt_c3 FROM __pgt_new AS t(__pgt_c1, __pgt_c2, __pgt_c3)""");
    }

    @Test
    void anUpdateOfAKeyedTableDropsRowsInWhichNothingCapturedChanged() {
        assertThat(triggers(List.of("id"), List.of("amount")).body("upd")).isEqualTo("""
                INSERT INTO pgtrickle_changes.changes_7 (__pgt_xid, __pgt_w, amount)
                SELECT __pgt_xid, v.w, v.__pgt_c3
                FROM __pgt_old AS o(__pgt_c1, __pgt_c2, __pgt_c3) FULL JOIN __pgt_new AS n(__pgt_c1, __pgt_c2, __pgt_c3) ON o.__pgt_c1 = n.__pgt_c1,
                    LATERAL (VALUES (-1::smallint, o.__pgt_c1 IS NOT NULL, o.__pgt_c3), (1::smallint, n.__pgt_c1 IS NOT NULL, n.__pgt_c3)) AS v(w, present, __pgt_c3)
                WHERE v.present AND (o.__pgt_c1 IS NULL OR n.__pgt_c1 IS NULL OR ROW(o.__pgt_c3)::record OPERATOR(pg_catalog.*<>) ROW(n.__pgt_c3)::record)""");
    }

    @Test
    void anUpdateOfAKeylessTableTakesEveryRowOutAndIn() {
        assertThat(triggers(List.of(), List.of("Secret")).body("upd")).isEqualTo("""
                INSERT INTO pgtrickle_changes.changes_7 (__pgt_xid, __pgt_w, "Secret")
                SELECT __pgt_xid, -1::smallint, t.__pgt_c2 FROM __pgt_old AS t(__pgt_c1, __pgt_c2)
                UNION ALL
                SELECT __pgt_xid, 1::smallint, t.__pgt_c2 FROM __pgt_new AS t(__pgt_c1, __pgt_c2)""");
    }

    @Test
    void whereOnlyTheFactMattersOneRowPerStatementIsWritten() {
        assertThat(triggers(List.of("id"), List.of()).body("del")).isEqualTo(
                "INSERT INTO pgtrickle_changes.changes_7 (__pgt_xid, __pgt_w) SELECT __pgt_xid, -1::smallint WHERE EXISTS (SELECT FROM __pgt_old)");
    }

    @Test
    void aTruncateWritesAMarker() {
        assertThat(triggers(List.of("id"), List.of("id")).body("truncate"))
                .startsWith("INSERT INTO pgtrickle_changes.changes_7 (__pgt_xid, __pgt_w) SELECT __pgt_xid, 0::smallint");
    }

    @Test
    void everyTriggerFiresAlways() {
        assertThat(triggers(List.of("id"), List.of("id")).triggers())
                .hasSize(8)
                .filteredOn(s -> s.startsWith("ALTER TABLE shop.orders ENABLE ALWAYS TRIGGER pg_trickle_cdc_"))
                .hasSize(4);
    }

    @Test
    void aFunctionThatNoLongerFitsTheTableWritesAMarkerInsteadOfFailing() {
        assertThat(triggers(List.of("id"), List.of("id", "amount")).source("ins"))
                .contains("attnum BETWEEN 1 AND 4 AND NOT attisdropped) IS DISTINCT FROM '1 23 -1, 2 25 -1, 4 1700 -1'")
                .contains("SELECT __pgt_xid, 0::smallint;");
    }

    @Test
    void nobodyElseCanPutTheFunctionsOnATable() {
        assertThat(triggers(List.of("id"), List.of("id")).functions())
                .contains("REVOKE ALL ON FUNCTION pgtrickle_changes.pg_trickle_cdc_ins_7() FROM PUBLIC");
    }
}
