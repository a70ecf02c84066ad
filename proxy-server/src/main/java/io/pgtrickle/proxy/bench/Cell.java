// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench;

/**
 * One cell of the refresh matrix; times are medians in milliseconds.
 *
 * @param action how the stream table was refreshed in the last cycle: DIFFERENTIAL, FULL or NO_DATA
 * @param timesTheHandWritten how many times as long as the hand-written statement ours took
 * @param equal whether the stream table and the hand-written table equalled their query at the end
 */
public record Cell(
        Scenario scenario,
        int rows,
        ChangeRate change,
        int changedRows,
        int cycles,
        double refreshMs,
        double concurrentlyMs,
        double handWrittenMs,
        double streamTableMs,
        double timesFasterThanRefresh,
        double timesFasterThanConcurrently,
        double timesTheHandWritten,
        String action,
        boolean equal) {}
