// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

import java.util.List;

/** Asks PostgreSQL for the column types of a SELECT; the answers become part of the {@link QueryFacts}. */
public interface TypeProbe {

    /** @param select a SELECT whose columns all have names */
    List<ColumnFacts> describe(String select);
}
