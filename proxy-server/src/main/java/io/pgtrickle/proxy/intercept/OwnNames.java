// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.proxy.backend.ReplyQueue.Kind;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.backend.ServerLink;
import io.pgtrickle.proxy.prepared.ServerStatements;
import io.pgtrickle.proxy.prepared.SharedStatement;
import io.pgtrickle.wire.frontend.FrontendMessage.Close;
import io.pgtrickle.wire.frontend.FrontendMessage.Target;
import java.util.Map;
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
    void take(String name, Map<String, String> settings) {
        SharedStatement there = server().statements().named(name);
        if (there == null || !server().statements().has(there, server().replies().pipeline())) {
            prepare(SharedStatement.standIn(name, settings));
        }
    }

    private void prepare(SharedStatement own) {
        ServerStatements there = server().statements();
        if (there.named(own.name()) != own) {
            there.naming(own);
        }
        preparing.accept(own);
    }

    /** Fails what comes behind if SQL's PREPARE has made a statement of that name, with the error that is due then. */
    void checkFree(String name) {
        SharedStatement trial = SharedStatement.standIn(name, Map.of());
        ByteBuf out = server().channel().alloc().buffer();
        trial.writeParse(out);
        server().replies().expect(Kind.PARSE, Owner.PROXY);
        server().write(out);
        server().send(new Close(Target.STATEMENT, name), Owner.PROXY);
    }
}
