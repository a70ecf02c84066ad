// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.refresh;

import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.EngineConnections;
import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.dvm.session.OwnHands;
import io.pgtrickle.dvm.session.Row;
import io.pgtrickle.dvm.settings.Settings;
import io.pgtrickle.sql.render.Quoting;
import java.util.List;
import java.util.Optional;

/**
 * A refresh in a transaction of its own, REPEATABLE READ (DELTA.md 3): locks first, which take no snapshot; then one query
 * whose snapshot everything else shares, with exact counts.
 */
public final class OwnRefresh {

    /** A user's transaction may hold the refresh lock for long; a worker must not wait with it. */
    private static final int LOCK_TIMEOUT_MS = 2000;

    private final Plans plans;
    private final String cluster;
    private final Settings settings;

    public OwnRefresh(Plans plans, String cluster, Settings settings) {
        this.plans = plans;
        this.cluster = cluster;
        this.settings = settings;
    }

    /** Empty outcome: the stream table is gone. The transaction goes on with {@code hands}. */
    public record InSnapshot(Hands hands, Optional<Refresher.Outcome> outcome) {}

    /** Refreshes in its own transaction; a stream table that must be made anew gets another, READ COMMITTED one. */
    public Optional<Refresher.Outcome> run(EngineConnections connections, long id, String queryView, String initiator) {
        try (EngineConnection connection = connections.borrow()) {
            InSnapshot refreshed = inSnapshot(connection, id, queryView, initiator);
            connection.execute("COMMIT");
            return refreshed.outcome();
        } catch (MustStartOver anew) {
            return startOver(connections, id, initiator);
        }
    }

    /**
     * Begins a transaction and refreshes in it; what is read afterwards is read at the refresh's snapshot.
     *
     * @throws MustStartOver if the plan cannot be used any more
     */
    public InSnapshot inSnapshot(EngineConnection connection, long id, String queryView, String initiator) {
        Hands hands = new OwnHands(connection, true);
        List<Row> row = Row.of(connection.batch(List.of(
                "BEGIN ISOLATION LEVEL REPEATABLE READ", "SET LOCAL lock_timeout = " + LOCK_TIMEOUT_MS, lock(id), lockSources(queryView),
                "SELECT * FROM pgtrickle.pgt_pending(" + id + ", " + Quoting.literal(cluster) + ")")));
        Optional<Pending> pending = Pending.of(id, row.getFirst());
        if (pending.isEmpty()) {
            return new InSnapshot(hands, Optional.empty());
        }
        if (pending.get().reinitReason().isPresent() || !pending.get().ownerUnchanged() || pending.get().queryView().isEmpty()) {
            throw new MustStartOver();
        }
        return new InSnapshot(hands, Optional.of(new Refresher(hands, settings, cluster)
                .refresh(pending.get(), plans.get(hands, id, pending.get().factsHash()), initiator)));
    }

    /** New triggers must be in place before the snapshot is taken, so every statement gets its own. */
    private Optional<Refresher.Outcome> startOver(EngineConnections connections, long id, String initiator) {
        return connections.inTransaction(
                "BEGIN",
                connection -> new CommandRefresh(new OwnHands(connection, false), plans, settings, cluster).run(id, initiator));
    }

    private static String lock(long id) {
        return "LOCK TABLE pgtrickle_state.lock_" + id + " IN EXCLUSIVE MODE";
    }

    /** Locking a view locks what it reads, too: no TRUNCATE comes between snapshot and reading. */
    private static String lockSources(String queryView) {
        return "LOCK TABLE " + Quoting.qualified("pgtrickle_state", queryView) + " IN ACCESS SHARE MODE";
    }

    /** Its plan cannot be used; what was begun is rolled back. */
    public static final class MustStartOver extends RuntimeException {
        MustStartOver() {
            super(null, null, false, false);
        }
    }
}
