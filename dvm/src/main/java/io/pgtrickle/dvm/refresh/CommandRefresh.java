// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.refresh;

import io.pgtrickle.dvm.analysis.Planner;
import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.dvm.session.Row;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A refresh in a transaction that is not the scheduler's own one: a user's, or the engine's when a stream table must be made
 * anew. READ COMMITTED is enough, since every program is one statement.
 */
public final class CommandRefresh {

    /** Why a refresh starts over when its changes could not be applied. */
    static final String NOT_APPLICABLE = "the changes could not be applied to what is stored";

    private static final Logger LOG = LoggerFactory.getLogger(CommandRefresh.class);

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
                ? Refresher.ran(pending, row).orElseGet(() -> anew(pending, NOT_APPLICABLE, initiator))
                : run(pending, relation, initiator));
    }

    private Refresher.Outcome run(Pending pending, long relation, String initiator) {
        if (pending.mustBeMadeAnew()) {
            return anew(pending, pending.reinitReason().orElse("it has another owner"), initiator);
        }
        Planner.Planned planned = plans.get(hands, pending.id(), pending.factsHash());
        Optional<Refresher.Outcome> outcome = new Refresher(hands, cluster).refresh(pending, planned, initiator);
        Optional<Decision.Action> action = outcome.map(done -> done.decision().action());
        if (hands.foreign() && !action.equals(Optional.of(Decision.Action.NO_DATA))) {
            plans.know(relation, action.equals(Optional.of(Decision.Action.DIFFERENTIAL)) ? KnownRefresh.of(pending, planned) : Optional.empty());
        }
        return outcome.orElseGet(() -> anew(pending, NOT_APPLICABLE, initiator));
    }

    /** Whatever was pending, the plan is made anew and everything computed. @return empty if it is no stream table any more */
    Optional<Refresher.Outcome> anew(long relation, String reason, String initiator) {
        return Pending.locked(hands, relation, cluster).map(pending -> anew(pending, reason, initiator));
    }

    private Refresher.Outcome anew(Pending pending, String reason, String initiator) {
        LOG.info("stream table {}.{} is computed anew: {}", pending.schema(), pending.name(), reason);
        Refresher refresher = new Refresher(hands, cluster);
        refresher.claim(pending.id());
        Planner.Planned planned = new Reinitialiser(hands, plans.planner()).run(pending);
        Decision decision = new Decision(Decision.Action.REINITIALIZE, Optional.of(reason));
        Refresher.Outcome outcome = refresher.full(pending, planned.plan(), decision, initiator);
        refresher.onceMore(pending.id());
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
