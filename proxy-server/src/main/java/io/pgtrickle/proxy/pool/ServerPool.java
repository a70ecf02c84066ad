// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import io.netty.channel.EventLoop;
import io.pgtrickle.proxy.auth.Route;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.backend.ServerListener;
import io.pgtrickle.wire.frontend.StartupPacket.StartupMessage;

/** Gives clients their server connections and takes them back. Never blocks; answers on the client's event loop. */
public interface ServerPool {

    /** @param startup the session's startup parameters, with the names of the route */
    record Wish(Route route, StartupMessage startup) {}

    /** A client that waits for a server connection, and uses it afterwards. */
    interface Borrower extends ServerListener {

        /** Connected and the startup packet sent; the login follows and is the borrower's business. */
        void lent(ServerConnection server);

        /** There is no connection to be had. */
        void unavailable(Throwable cause, Route route);
    }

    void acquire(Wish wish, EventLoop loop, Borrower borrower);

    /**
     * The borrower is done with its connection, in whatever state it is: amid a transaction, a reply or even a message. A pool that lends
     * it again may do so only if it is at rest: logged in, idle (status I), no reply outstanding, no message half sent or half received.
     * Anything else is closed, and the server rolls back.
     */
    void release(ServerConnection server);
}
