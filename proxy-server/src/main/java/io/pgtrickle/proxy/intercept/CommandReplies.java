// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.pgtrickle.dvm.engine.CommandOutcome;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.backend.ServerLink;
import io.pgtrickle.wire.backend.BackendMessage.CommandComplete;
import io.pgtrickle.wire.backend.BackendMessage.DataRow;
import io.pgtrickle.wire.backend.BackendMessage.Signal;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Tells the client what came of a command, as PostgreSQL would: rows, then CommandComplete or PortalSuspended. */
final class CommandReplies {

    private final SessionPort session;
    private final ServerLink link;

    CommandReplies(SessionPort session, ServerLink link) {
        this.session = session;
        this.link = link;
    }

    private ServerConnection server() {
        return link.server();
    }

    /** Whether a portal that was carried out shows rows (perhaps none any more), and so may be executed again. */
    boolean hasRows(PreparedNames.Portal portal) {
        return !portal.statement().isCall()
                && portal.outcome() != null
                && portal.outcome().rows().isPresent();
    }

    /** @param maxRows as in Execute, 0 for all */
    void send(PreparedNames.Portal portal, int maxRows) {
        CommandOutcome.Completed outcome = portal.outcome();
        if (outcome == null) {
            throw new IllegalStateException("nothing has come of it yet");
        }
        if (!hasRows(portal)) {
            session.send(new CommandComplete(outcome.commandTag()));
            return;
        }
        List<List<@Nullable String>> rest = rows(outcome);
        rest = rest.subList(portal.rowsSent(), rest.size());
        boolean limited = maxRows > 0 && rest.size() >= maxRows;
        List<List<@Nullable String>> now = limited ? rest.subList(0, maxRows) : rest;
        sendRows(now);
        portal.sent(now.size());
        session.send(limited ? Signal.PORTAL_SUSPENDED : new CommandComplete("SELECT " + now.size()));
    }

    /** All rows of a result, without what follows them. */
    void sendRows(List<List<@Nullable String>> rows) {
        Charset charset = server().charset();
        for (List<@Nullable String> row : rows) {
            var values = new ArrayList<byte @Nullable []>();
            for (String value : row) {
                values.add(value == null ? null : value.getBytes(charset));
            }
            session.send(new DataRow(values));
        }
    }

    static List<List<@Nullable String>> rows(CommandOutcome.Completed outcome) {
        return outcome.rows().map(CommandOutcome.Rows::values).orElse(List.of());
    }
}
