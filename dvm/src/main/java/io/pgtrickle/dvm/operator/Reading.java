// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.operator;

import java.util.List;
import java.util.Optional;

/** How the rules read what lies below them in the program that is being written: each answer is text for a FROM clause. */
public interface Reading {

    /** The weight column: +1 for a row that came, -1 for one that went. */
    String WEIGHT = "__pgt_w";

    boolean changed(Scan scan);

    /** The change rows of the scan's table, weight included. */
    String changes(Scan scan);

    /** The table's columns that the change rows hold: those that some stream table uses. */
    List<String> changedColumns(Scan scan);

    /** The table's columns by which the change rows hold at most one row that went and one that came, if some do. */
    Optional<List<String>> changedKey(Scan scan);

    boolean changed(Aggregate stage);

    /** The change rows of the stage's output, weight included. */
    String changes(Aggregate stage);

    /** The stage's output before this refresh. */
    String before(Aggregate stage);

    /** The stage's output after this refresh. */
    String now(Aggregate stage);

    /** At which point in time a relation is read. */
    enum Time {
        /** After this refresh. */
        NOW,
        /** As the database holds it while the program runs: tables after, state tables before. */
        STORED
    }
}
