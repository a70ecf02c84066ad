// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.suite.generate;

/** How a case ended. */
sealed interface Outcome {

    /** @param refreshes refreshes compared with the query @param full how many of them recomputed everything */
    record Passed(int refreshes, int full) implements Outcome {}

    /** The engine says that it cannot maintain the query differentially. */
    record Unsupported(String reason) implements Outcome {}

    /** The query's result grew so large that PostgreSQL itself cannot compute it in time. */
    record Abandoned() implements Outcome {}

    /** PostgreSQL itself does not accept the case: the generator's fault, or shrinking took away too much. */
    record Invalid(String reason) implements Outcome {}

    /** @param kind what shrinking must preserve, e.g. {@code difference} @param description what was found */
    record Failed(String kind, String description) implements Outcome {}
}
