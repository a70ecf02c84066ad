// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.dvm.refresh;

import io.pgtrickle.dvm.session.Hands;
import io.pgtrickle.dvm.settings.Settings;
import io.pgtrickle.sql.render.Quoting;
import java.util.Optional;

/**
 * A refresh in a transaction that is not the scheduler's own one: a user's, or the engine's when a stream table must be made
 * anew. READ COMMITTED is enough, since every program is one statement.
 */
public final class CommandRefresh {

    private final Hands hands;
    private final Plans plans;
    private final Settings settings;
    private final String cluster;

    public CommandRefresh(Hands hands, Plans plans, Settings settings, String cluster) {
        this.hands = hands;
        this.plans = plans;
        this.settings = settings;
        this.cluster = cluster;
    }

    /**
     * Empty if the stream table is gone. One that had nothing to do has written nothing: its caller has to see to
     * last_refresh_at.
     */
    public Optional<Refresher.Outcome> run(long id, String initiator) {
        Optional<Pending> found = pending(id);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        Pending pending = found.get();
        Refresher refresher = new Refresher(hands, settings, cluster);
        if (pending.reinitReason().isEmpty() && pending.ownerUnchanged() && pending.queryView().isPresent()) {
            return Optional.of(refresher.refresh(pending, plans.get(hands, id, pending.factsHash()), initiator));
        }
        refresher.claim(id);
        Decision decision = new Decision(
                Decision.Action.REINITIALIZE, pending.reinitReason().or(() -> Optional.of("it has another owner")));
        Reinitialiser.Result result = new Reinitialiser(hands, plans.planner()).run(pending);
        Refresher.Outcome outcome = refresher.full(pending, result.planned().plan(), decision, initiator);
        if (result.newCapture() && hands.oneSnapshot()) {
            hands.engine("UPDATE pgtrickle.pgt_stream_tables SET needs_reinit = true WHERE pgt_id = " + id);
        }
        return Optional.of(outcome);
    }

    /** With the refresh lock held and the sources locked against TRUNCATE. */
    private Optional<Pending> pending(long id) {
        return Pending.of(
                id,
                hands.look("SELECT * FROM pgtrickle.pgt_lock_and_pending(" + id + ", " + Quoting.literal(cluster) + ")").getFirst());
    }

    /** REFRESH … WITH NO DATA: empty, and left alone until somebody refreshes it. */
    public void empty(long id) {
        pending(id).ifPresent(pending -> {
            new Refresher(hands, settings, cluster).empty(pending);
            hands.engine("UPDATE pgtrickle.pgt_stream_tables SET is_populated = false, awaits_refresh = true, frontier = NULL, "
                    + "status = 'INITIALIZING', updated_at = now() WHERE pgt_id = " + id);
        });
    }
}
