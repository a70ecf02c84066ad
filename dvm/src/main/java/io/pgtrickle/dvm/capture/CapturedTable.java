// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.capture;

import java.util.List;

/**
 * A source, or a partition or child of one, as its trigger functions see it.
 *
 * @param source the relation whose buffer the changes go to
 * @param member the relation the triggers are on: the source itself or a descendant
 * @param name the member's qualified name, quoted
 * @param live the member's columns in order, dropped ones left out
 * @param shapes number, type and type modifier of each of these columns
 * @param routes whether rows inserted into it are routed to partitions
 * @param partition whether it is a partition, of the source or of one of its partitions
 * @param descendants the children that statements on it reach, where it is not partitioned
 * @param key a primary key whose columns can be compared with built-in operators; empty if there is none
 */
record CapturedTable(
        long source, long member, String name, boolean routes, boolean partition, List<Long> descendants,
        List<String> live, List<String> shapes, List<String> key) {

    /**
     * What has a trigger each: the kinds of change and, where rows are routed, what has to be known of MERGE ({@link RowMoves}) and of
     * partitions that come later ({@link LateMembers}).
     */
    List<String> events() {
        if (!routes) {
            return List.of("ins", "upd", "del", "truncate");
        }
        return member == source
                ? List.of("ins", "upd", "del", "truncate", "open", "merge", "late", "touch")
                : List.of("ins", "upd", "del", "truncate", "open");
    }

    /** Names of functions: the source's own as upstream spells them, others with the member's OID behind. */
    String function(String event) {
        return "pg_trickle_cdc_" + event + "_" + source + (member == source ? "" : "_" + member);
    }

    String trigger(String event) {
        return "pg_trickle_cdc_" + event + "_" + source;
    }

    /** How a trigger that it has from the table above it is to fire, as in {@code pg_trigger.tgenabled}. */
    String firing(String inherited) {
        return !routes && (inherited.equals(trigger("late")) || inherited.equals(trigger("touch"))) ? "D" : "A";
    }
}
