// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.time.Duration;
import java.util.stream.Stream;

/**
 * How long a session may be in a state before it is ended; zero for ever.
 *
 * @param query a query without its answer
 * @param transaction a transaction, from its first statement
 * @param idleTransaction a transaction in which nothing happens
 * @param idle outside of transactions with nothing to do
 */
public record TimeLimits(Duration query, Duration transaction, Duration idleTransaction, Duration idle) {

    public static final TimeLimits NONE = new TimeLimits(Duration.ZERO, Duration.ZERO, Duration.ZERO, Duration.ZERO);

    /** The smallest one there is; zero if there is none. */
    public Duration shortest() {
        return Stream.of(query, transaction, idleTransaction, idle)
                .filter(limit -> !limit.isZero())
                .min(Duration::compareTo)
                .orElse(Duration.ZERO);
    }
}
