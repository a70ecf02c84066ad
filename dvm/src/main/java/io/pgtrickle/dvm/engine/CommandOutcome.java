// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.engine;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What became of a statement that a front door handed to the engine. */
public sealed interface CommandOutcome {

    /** The statement is about ordinary objects: the front door sends it to PostgreSQL unchanged. */
    record NotOurs() implements CommandOutcome {}

    /**
     * Done, in the session's transaction.
     *
     * @param commandTag what PostgreSQL would answer, e.g. {@code SELECT 5}, {@code DROP MATERIALIZED VIEW}
     */
    record Completed(String commandTag, Optional<Rows> rows) implements CommandOutcome {}

    /** The result of a function call; text images. A void result is the empty string, as PostgreSQL sends it. */
    record Rows(List<Column> columns, List<List<@Nullable String>> values) {}

    /** @param typeOid PostgreSQL's type OID, e.g. 2278 for void; typeLength as in pg_type.typlen */
    record Column(String name, int typeOid, int typeLength) {}
}
