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

    /** The borrower is done. Only a connection at rest (nothing outstanding, no half-sent message) may serve anyone else. */
    void release(ServerConnection server);
}
