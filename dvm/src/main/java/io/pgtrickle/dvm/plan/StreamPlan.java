// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.plan;

import io.pgtrickle.dvm.frontier.Slice;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * How one stream table is kept equal to its query. Programs are single statements that return one row:
 * {@code snapshot text, rows_inserted bigint, rows_updated bigint, rows_deleted bigint, delta_rows bigint, broken boolean}.
 * {@code broken} means that the stored rows were not what the changes presuppose: roll back and reinitialise.
 */
public interface StreamPlan {

    /** Whether changes can be applied; otherwise only {@link #full} works. */
    boolean differential();

    /** The constructs that stand in the way, in words a user knows; empty when {@link #differential}. */
    List<String> fullReasons();

    /** The capturable tables the query reads, each once, ordered by OID. */
    List<SourceUse> sources();

    List<StateTable> stateTables();

    /** Columns of the visible table that identify a row, if some do; an empty list means at most one row. */
    Optional<List<String>> key();

    /** The plan in words, a line per fact: stages, keys, how aggregates are maintained, how changes are applied. */
    List<String> description();

    /** CREATE TABLE and CREATE INDEX statements for the state tables. */
    List<String> stateTableDdl(Target target);

    /** Indexes on the visible table that applying changes relies on. */
    List<String> indexDdl(Target target);

    /**
     * Consumes the given slices.
     *
     * @param slices by relation OID; only sources that may have changed. An exact one holds no TRUNCATE marker.
     */
    String differential(Target target, Map<Long, Slice> slices);

    /** Whether these tables had better not have changed together, however little: applying it would cost more than recomputing. */
    boolean tooManyTogether(Set<Long> relations);

    /** How many inputs of one join change together when these tables change. */
    int changedTogether(Set<Long> relations);

    /** Recomputes state and visible table and applies the difference; also the first population. */
    String full(Target target);
}
