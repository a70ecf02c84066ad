// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.frontier;

import io.pgtrickle.sql.statement.QualifiedName;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The unconsumed rows of one change buffer: those not visible in the frontier's snapshot. Numbers are xid8, kept as
 * decimal text's value (never negative in practice).
 *
 * @param xmax pg_snapshot_xmax of the frontier
 * @param inProgress pg_snapshot_xip of the frontier
 * @param own what the frontier's own transaction had written by then, when it ran inside a user's transaction
 * @param rows how many rows the window holds, when that is known exactly for the program's snapshot (REPEATABLE READ only)
 */
public record Window(QualifiedName buffer, long xmax, List<Long> inProgress, Optional<Own> own, OptionalLong rows) {
    public Window {
        inProgress = List.copyOf(inProgress);
    }

    /** Rows of transaction {@code xid} written by commands before {@code commandId} are consumed; later ones are not. */
    public record Own(long xid, long commandId) {}
}
