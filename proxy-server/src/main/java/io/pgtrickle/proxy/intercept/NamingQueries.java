// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.proxy.backend.ReplyQueue;
import io.pgtrickle.proxy.backend.ReplyQueue.Kind;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.backend.ServerLink;
import io.pgtrickle.wire.frontend.FrontendMessage.Close;
import io.pgtrickle.wire.frontend.FrontendMessage.Sync;
import io.pgtrickle.wire.frontend.FrontendMessage.Target;
import java.util.ArrayDeque;

/**
 * Simple Queries that name prepared statements: SQL and protocol have one space of names in PostgreSQL, and some drivers prepare in the
 * one and drop in the other. The statements are there under their own names when the Query comes, whose text stays as it is. Which of
 * them it has dropped is told by its command tags, one after the other. Lives on the session's event loop.
 */
final class NamingQueries {

    private final Interceptor interceptor;
    private final ServerLink link;
    private final StatementNames statements;
    /** What each Query under way is going to drop, in order. */
    private final ArrayDeque<ArrayDeque<ReplyQueue.Outcome>> dropping = new ArrayDeque<>();

    NamingQueries(Interceptor interceptor, ServerLink link, StatementNames statements) {
        this.interceptor = interceptor;
        this.link = link;
        this.statements = statements;
    }

    private ServerConnection server() {
        return link.server();
    }

    /** Whether everything before it has to be answered first: a statement that is executed is prepared before, which may fail. */
    boolean mustWait(NamesInSql names) {
        return statements.isUnsettled(statements.withNested(names)) || statements.executes(names);
    }

    /**
     * Sends a Query.
     *
     * @param then run when it is sent; at once if nothing has to be waited for
     */
    void pass(ByteBuf frame, NamesInSql names, Runnable then) {
        if (!statements.executes(names)) {
            bring(names);
            send(frame, names);
            then.run();
            return;
        }
        server().send(new Close(Target.STATEMENT, ""), Owner.PROXY); // as the Query does, which may not be sent
        bring(names);
        interceptor.onceAnswered(() -> {
            if (server().replies().isSkipping()) { // the client has the error, as the Query's
                server().send(new Sync(), Owner.CLIENT);
                server().flush();
            } else {
                if (server().status() == 'I') { // the settings it was prepared with have begun what only a Sync ends
                    server().send(new Sync(), Owner.SETUP);
                }
                send(frame, names);
            }
            then.run();
        });
    }

    /** Has the statements there under their own names; a failed transaction refuses every text before looking for them. */
    void bring(NamesInSql names) {
        statements.bring(statements.withNested(names), server().status() != 'E');
    }

    private void send(ByteBuf frame, NamesInSql names) {
        NamesInSql all = statements.withNested(names);
        server().replies().expect(Kind.QUERY, Owner.CLIENT, all.drops() ? begin(all) : null);
        server().write(frame.retainedDuplicate());
    }

    /** A Query that drops statements is about to be sent. @return to be told when it has ended */
    ReplyQueue.Outcome begin(NamesInSql names) {
        var drops = new ArrayDeque<>(statements.dropping(statements.withNested(names)));
        dropping.add(drops);
        return _ -> {
            dropping.remove(drops);
            drops.forEach(drop -> drop.done(false));
        };
    }

    /** A command tag has come that says so of a statement, or of all. */
    void dropped() {
        ArrayDeque<ReplyQueue.Outcome> drops = dropping.peek();
        if (drops != null && !drops.isEmpty() && server().replies().isInQuery()) {
            drops.remove().done(true);
        }
    }
}
