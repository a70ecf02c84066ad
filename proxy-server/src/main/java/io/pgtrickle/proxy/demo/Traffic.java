// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.demo;

import java.util.concurrent.atomic.LongAdder;

/** What the writers have done so far. */
final class Traffic {

    /** @param openForMillis how long the oldest of the long transactions has been open, 0 if none is */
    record Count(long committed, long rolledBack, long savepointsRolledBack, long rowsWritten, long openForMillis) {}

    private final LongAdder committed = new LongAdder();
    private final LongAdder rolledBack = new LongAdder();
    private final LongAdder savepointsRolledBack = new LongAdder();
    private final LongAdder rowsWritten = new LongAdder();
    private volatile long longTransactionSince;

    void committed(int rows) {
        committed.increment();
        rowsWritten.add(rows);
    }

    void rolledBack() {
        rolledBack.increment();
    }

    void savepointRolledBack() {
        savepointsRolledBack.increment();
    }

    void longTransactionBegan() {
        longTransactionSince = System.nanoTime();
    }

    void longTransactionEnded() {
        longTransactionSince = 0;
    }

    Count count() {
        long since = longTransactionSince;
        return new Count(
                committed.sum(),
                rolledBack.sum(),
                savepointsRolledBack.sum(),
                rowsWritten.sum(),
                since == 0 ? 0 : (System.nanoTime() - since) / 1_000_000);
    }
}
