// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import io.netty.channel.EventLoop;
import io.pgtrickle.proxy.auth.Route;
import io.pgtrickle.proxy.config.PoolMode;
import io.pgtrickle.proxy.config.PoolSettings;
import io.pgtrickle.proxy.auth.ServerLogin;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.backend.ServerListener;
import io.pgtrickle.wire.backend.Report;
import io.pgtrickle.wire.frontend.StartupPacket.StartupMessage;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** Gives clients their server connections and takes them back. Never blocks; answers on the client's event loop. */
public interface ServerPool {

    /** The startup parameter. */
    String DATABASE = "database";

    /**
     * @param startup the session's startup parameters, with the names of the route
     * @param login how to log in on the client's behalf; without it the connection is a new one, and the borrower logs in itself
     */
    record Wish(Route route, PoolSettings settings, StartupMessage startup, Optional<Supplier<ServerLogin>> login) {

        /** The same for connections started without this parameter. */
        public Wish without(String parameter) {
            var others = new LinkedHashMap<>(startup.parameters());
            others.remove(parameter);
            return new Wish(route, settings, new StartupMessage(startup.major(), startup.minor(), others, startup.charset()), login);
        }

        /** The same for the place where the database is by now. */
        Wish to(Route place) {
            if (place.equals(route)) {
                return this;
            }
            var others = new LinkedHashMap<>(startup.parameters());
            if (others.containsKey(DATABASE) || !place.database().equals(place.user())) {
                others.put(DATABASE, place.database());
            }
            return new Wish(place, settings, new StartupMessage(startup.major(), startup.minor(), others, startup.charset()), login);
        }

        /** Whether a connection changes hands between transactions. */
        public boolean isShared() {
            return login.isPresent() && settings.mode() != PoolMode.SESSION;
        }
    }

    /** A client that waits for a server connection, and uses it afterwards. */
    interface Borrower extends ServerListener {

        /** A connection that is at rest and works for the borrower from now on; or a new one, if the borrower wants to log in itself. */
        void lent(ServerConnection server);

        /** It takes a while. */
        default void waiting(Report notice) {}

        /** There is no connection to be had, and this is why. */
        void unavailable(Report report);
    }

    /** A wait for a connection. */
    interface Request {

        /** The borrower does not want it any more. Called on the borrower's event loop. */
        void withdraw();

        /** Nanoseconds since it began. */
        default long waited() {
            return 0;
        }
    }

    /** What the server would report to a client with this wish, if that is known: such a client need not wait to be greeted. */
    Optional<Map<String, String>> greeting(Wish wish);

    /** May answer at once, before it returns. */
    Request acquire(Wish wish, EventLoop loop, Borrower borrower);

    /**
     * The borrower is done with its connection.
     *
     * @param clean whether nothing of the borrower's has been sent half. If so, and it is at rest ({@link ServerConnection#isAtRest}), it
     *     may be lent again; anything else is closed, and the server rolls back.
     * @param reset whether the borrower leaves more behind than its settings, so that the reset query is due
     */
    void release(ServerConnection server, boolean clean, boolean reset);
}
