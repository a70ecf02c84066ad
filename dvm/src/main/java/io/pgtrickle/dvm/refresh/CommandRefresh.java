// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.refresh;

import io.pgtrickle.dvm.analysis.Planner;
import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.dvm.session.Row;
import java.util.List;
import java.util.Optional;

/**
 * A refresh in a transaction that is not the scheduler's own one: a user's, or the engine's when a stream table must be made
 * anew. READ COMMITTED is enough, since every program is one statement.
 */
public final class CommandRefresh {

    private final Hands hands;
    private final Plans plans;
    private final String cluster;

    public CommandRefresh(Hands hands, Plans plans, String cluster) {
        this.hands = hands;
        this.plans = plans;
        this.cluster = cluster;
    }

    /**
     * @param relation OID of the visible table
     * @return empty if it is no stream table, or none any more. One that had nothing to do has written nothing: its caller has to see to
     * last_refresh_at.
     */
    public Optional<Refresher.Outcome> run(long relation, String initiator) {
        Optional<KnownRefresh> known = plans.known(relation).filter(_ -> hands.foreign());
        return known.isPresent()
                ? tryKnown(known.get(), relation, initiator)
                : Pending.locked(hands, relation, cluster).map(pending -> run(pending, relation, initiator));
    }

    private Optional<Refresher.Outcome> tryKnown(KnownRefresh known, long relation, String initiator) {
        Row row = hands.look(known.query(relation, cluster)).getFirst();
        return Pending.of(List.of(row)).map(pending -> row.flag("ran")
                ? new Refresher(hands, cluster).ran(pending, plans.get(hands, pending.id(), pending.factsHash()), row, initiator)
                : run(pending, relation, initiator));
    }

    private Refresher.Outcome run(Pending pending, long relation, String initiator) {
        long id = pending.id();
        Refresher refresher = new Refresher(hands, cluster);
        if (pending.reinitReason().isEmpty() && pending.ownerUnchanged() && pending.queryView().isPresent()) {
            Planner.Planned planned = plans.get(hands, id, pending.factsHash());
            Refresher.Outcome outcome = refresher.refresh(pending, planned, initiator);
            if (hands.foreign() && outcome.decision().action() != Decision.Action.NO_DATA) {
                plans.know(relation, outcome.decision().action() == Decision.Action.DIFFERENTIAL ? KnownRefresh.of(pending, planned) : Optional.empty());
            }
            return outcome;
        }
        refresher.claim(id);
        Decision decision = new Decision(
                Decision.Action.REINITIALIZE, pending.reinitReason().or(() -> Optional.of("it has another owner")));
        Reinitialiser.Result result = new Reinitialiser(hands, plans.planner()).run(pending);
        Refresher.Outcome outcome = refresher.full(pending, result.planned().plan(), decision, initiator);
        if (result.newCapture() && hands.oneSnapshot()) {
            hands.engine("UPDATE pgtrickle.pgt_stream_tables SET needs_reinit = true WHERE pgt_id = " + id);
        }
        return outcome;
    }

    /** REFRESH … WITH NO DATA: empty, and left alone until somebody refreshes it. @return whether it is a stream table */
    public boolean empty(long relation) {
        Optional<Pending> found = Pending.locked(hands, relation, cluster);
        found.ifPresent(pending -> {
            new Refresher(hands, cluster).empty(pending);
            hands.engine("UPDATE pgtrickle.pgt_stream_tables SET is_populated = false, awaits_refresh = true, frontier = NULL, "
                    + "status = 'INITIALIZING', updated_at = now() WHERE pgt_id = " + pending.id());
        });
        return found.isPresent();
    }
}
