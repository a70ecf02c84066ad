// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench;

/**
 * One cell of the refresh matrix; times are medians in milliseconds.
 *
 * @param action how the stream table was refreshed in the last cycle: DIFFERENTIAL, FULL or NO_DATA
 * @param equal whether the stream table equalled its query at the end
 */
public record Cell(
        Scenario scenario,
        int rows,
        ChangeRate change,
        int changedRows,
        int cycles,
        double refreshMs,
        double concurrentlyMs,
        double streamTableMs,
        double timesFasterThanRefresh,
        double timesFasterThanConcurrently,
        String action,
        boolean equal) {}
