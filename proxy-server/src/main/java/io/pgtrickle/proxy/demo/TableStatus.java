// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.demo;

/**
 * A stream table's line in the catalog at one moment.
 *
 * @param at {@link System#nanoTime}
 * @param changes rows inserted, updated and deleted by refreshes since its creation
 * @param action how the last refresh with something to do went about it; empty before the first
 */
record TableStatus(
        String name,
        long at,
        String status,
        int consecutiveErrors,
        String error,
        double stalenessMillis,
        long changes,
        String action,
        double refreshMillis) {}
