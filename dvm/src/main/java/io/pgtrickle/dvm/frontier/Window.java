// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.frontier;

import io.pgtrickle.sql.statement.QualifiedName;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The unconsumed rows of one change buffer: those not visible in the frontier's snapshot. Numbers are xid8.
 *
 * @param xmax pg_snapshot_xmax of the frontier
 * @param inProgress pg_snapshot_xip of the frontier
 * @param own what the frontier's own transaction had written by then, when it ran inside a user's transaction
 */
public record Window(QualifiedName buffer, long xmax, List<Long> inProgress, Optional<Own> own) {
    public Window {
        inProgress = List.copyOf(inProgress);
    }

    /**
     * The condition on buffer rows under an alias. The frontier's own transaction needs a word of its own either way: its
     * snapshot neither lists it as in progress nor is sure to lie below it.
     */
    public String condition(String alias) {
        String xid = alias + ".__pgt_xid";
        List<String> unseen = new ArrayList<>();
        unseen.add(xid + " >= '" + xmax + "'::xid8");
        if (!inProgress.isEmpty()) {
            String list = inProgress.stream().map(String::valueOf).collect(Collectors.joining(","));
            unseen.add(xid + " = ANY ('{" + list + "}'::xid8[])");
        }
        String own = this.own.map(o -> xid + " = '" + o.xid() + "'::xid8").orElse("");
        if (own.isEmpty()) {
            return "(" + String.join(" OR ", unseen) + ")";
        }
        String mark = alias + ".__pgt_mark";
        return "(" + String.join(" OR ", unseen) + " OR " + own + ") AND (" + xid + " <> '" + this.own.orElseThrow().xid() + "'::xid8 OR "
                + mark + " IS NULL OR " + mark + " > " + this.own.orElseThrow().mark() + ")";
    }

    /** @param rows as many as the window holds in the program's snapshot */
    public Slice exactly(long rows) {
        return Slice.exact(this, rows);
    }

    /** @param rows as many as it held a moment ago */
    public Slice about(long rows) {
        return Slice.expected(this, rows);
    }

    /** Where a moment ago there was nothing. */
    public Slice quiet() {
        return Slice.quiet(this);
    }

    /**
     * Rows of transaction {@code xid} that bear a mark up to this one are consumed. A refresh marks what its own transaction has written so
     * far; command ids would tell the same without marking, but only until a server recovers from a crash.
     */
    public record Own(long xid, long mark) {}
}
