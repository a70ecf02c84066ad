// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.refresh;

import io.pgtrickle.dvm.session.EngineConnection;
import io.pgtrickle.dvm.session.EngineConnections;
import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.dvm.session.OwnHands;
import io.pgtrickle.dvm.session.Row;
import io.pgtrickle.sql.render.Quoting;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A refresh in a transaction of its own, REPEATABLE READ (DELTA.md 3): locks first, which take no snapshot; then one query
 * whose snapshot everything else shares, with exact counts.
 */
public final class OwnRefresh {

    /**
     * A user's transaction may hold the refresh lock for long; a worker must not wait with it. Whoever holds nothing yet may
     * wait longer than usual: that is no part of a deadlock.
     */
    private static final int FIRST_LOCK_TIMEOUT_MS = 2000;

    private final Plans plans;
    private final String cluster;

    public OwnRefresh(Plans plans, String cluster) {
        this.plans = plans;
        this.cluster = cluster;
    }

    /** Empty outcome: the stream table is gone. The transaction goes on with {@code hands}. */
    public record InSnapshot(Hands hands, Optional<Refresher.Outcome> outcome) {}

    /** Refreshes in its own transaction; a stream table that must be made anew gets another, READ COMMITTED one. */
    public Optional<Refresher.Outcome> run(EngineConnections connections, long id, String initiator) {
        try (EngineConnection connection = connections.borrow()) {
            InSnapshot refreshed = inSnapshot(connection, id, initiator);
            connection.execute("COMMIT");
            return refreshed.outcome();
        } catch (MustStartOver anew) {
            return startOver(connections, id, anew.reason, initiator);
        }
    }

    /**
     * Begins a transaction and refreshes in it; what is read afterwards is read at the refresh's snapshot.
     *
     * @throws MustStartOver if the plan cannot be used any more
     */
    public InSnapshot inSnapshot(EngineConnection connection, long id, String initiator) {
        Hands hands = new OwnHands(connection, true);
        List<String> opening = new ArrayList<>(List.of(
                "BEGIN ISOLATION LEVEL REPEATABLE READ", "SET LOCAL lock_timeout = " + FIRST_LOCK_TIMEOUT_MS,
                "LOCK TABLE pgtrickle_state.lock_" + id + " IN EXCLUSIVE MODE",
                "SET LOCAL lock_timeout = " + EngineConnection.LOCK_TIMEOUT_MS));
        lockSources(hands, id).ifPresent(opening::add);
        opening.add(Pending.query(id, cluster));
        Optional<Pending> pending = Pending.of(Row.of(connection.batch(opening)));
        if (pending.isEmpty()) {
            return new InSnapshot(hands, Optional.empty());
        }
        if (pending.get().mustBeMadeAnew()) {
            throw new MustStartOver(pending.get().reinitReason().orElse("it has another owner"));
        }
        Optional<Refresher.Outcome> outcome = new Refresher(hands, cluster)
                .refresh(pending.get(), plans.get(hands, id, pending.get().factsHash()), initiator);
        return new InSnapshot(hands, Optional.of(outcome.orElseThrow(() -> new MustStartOver(CommandRefresh.NOT_APPLICABLE))));
    }

    /** New triggers must be in place before the snapshot is taken, so every statement gets its own. */
    private Optional<Refresher.Outcome> startOver(EngineConnections connections, long id, String reason, String initiator) {
        return connections.inTransaction("BEGIN", connection -> {
            Hands hands = new OwnHands(connection, false);
            return hands.ask("SELECT pgt_relid::int8 AS relation FROM pgtrickle.pgt_stream_tables WHERE pgt_id = " + id).stream()
                    .findFirst()
                    .flatMap(row -> new CommandRefresh(hands, plans, cluster).anew(row.number("relation"), reason, initiator));
        });
    }

    /** No TRUNCATE may come between snapshot and reading. The names are asked for beforehand, since asking takes a snapshot. */
    private static Optional<String> lockSources(Hands hands, long id) {
        return hands.one("""
                SELECT string_agg(format('%%I.%%I', n.nspname, c.relname), ', ' ORDER BY c.oid) AS names
                FROM pgtrickle.pgt_dependencies d JOIN pg_class c ON c.oid = d.source_relid JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE d.pgt_id = %d AND d.cdc_mode IS NOT NULL""".formatted(id))
                .find("names")
                .map(names -> "LOCK TABLE " + names + " IN ACCESS SHARE MODE");
    }

    /** Its plan cannot be used; what was begun is rolled back. */
    public static final class MustStartOver extends RuntimeException {
        private final String reason;

        MustStartOver(String reason) {
            super(reason, null, false, false);
            this.reason = reason;
        }
    }
}
