// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.refresh;

import io.pgtrickle.dvm.frontier.Frontier;
import io.pgtrickle.dvm.frontier.Window;
import io.pgtrickle.dvm.session.Row;
import java.util.Optional;

/** What a program reported, and how long it took. */
record ProgramResult(
        Frontier frontier, long inserted, long updated, long deleted, long deltaRows, boolean broken, double millis) {

    static ProgramResult of(Row row, String cluster, double millis) {
        Optional<Window.Own> own = row.isNull("own_xid")
                ? Optional.empty()
                : Optional.of(new Window.Own(row.number("own_xid"), row.number("own_cid")));
        return new ProgramResult(
                new Frontier(row.text("snapshot"), own, cluster),
                row.number("rows_inserted"), row.number("rows_updated"), row.number("rows_deleted"),
                row.number("delta_rows"), row.flag("broken"), millis);
    }
}
