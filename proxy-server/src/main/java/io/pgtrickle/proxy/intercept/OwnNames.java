// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.pgtrickle.proxy.backend.ReplyQueue;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.backend.ServerLink;
import io.pgtrickle.proxy.prepared.ServerStatements;
import io.pgtrickle.proxy.prepared.SharedStatement;
import java.util.function.Consumer;

/**
 * A session's statements under the session's own names, where its SQL or an error of the server's is going to name them: so PostgreSQL
 * reads the client's text as it is and says itself what there is. They go before the connection becomes somebody else's. Lives on the
 * session's event loop.
 */
final class OwnNames {

    private final ServerLink link;
    private final Consumer<SharedStatement> preparing;

    /** @param preparing prepares a statement on the server if it is not there */
    OwnNames(ServerLink link, Consumer<SharedStatement> preparing) {
        this.link = link;
        this.preparing = preparing;
    }

    private ServerConnection server() {
        return link.server();
    }

    /** It is to be executed by its name. */
    void prepare(String name, SharedStatement statement) {
        SharedStatement there = server().statements().named(name);
        prepare(there != null && there.isLike(statement) ? there : statement.named(name));
    }

    /** Only that there is such a name matters. */
    void take(String name) {
        SharedStatement there = server().statements().named(name);
        if (there == null || !server().statements().has(there, server().replies().pipeline())) {
            prepare(SharedStatement.standIn(name));
        }
    }

    private void prepare(SharedStatement own) {
        ServerStatements there = server().statements();
        if (there.named(own.name()) != own) {
            there.naming(own);
        }
        preparing.accept(own);
    }

    /** The client's own Parse of it is sent as it is, which fails if SQL's PREPARE has made a statement of that name. */
    ReplyQueue.Outcome parsing(String name, SharedStatement statement) {
        ServerStatements there = server().statements();
        SharedStatement own = statement.named(name);
        long pipeline = server().replies().pipeline();
        there.naming(own);
        there.preparing(own, pipeline);
        return succeeded -> there.prepared(own, pipeline, succeeded);
    }
}
