// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.pgtrickle.wire.backend.BackendMessage;
import io.pgtrickle.wire.backend.Report;
import java.util.Map;

/** The admin console, which takes the place of a server for the clients that have asked for it. */
@FunctionalInterface
public interface Console {

    /** For a proxy that has none. */
    Console NONE = (user, admin, client) -> {
        throw new IllegalStateException("there is no admin console");
    };

    /** The client's side, on its event loop. */
    interface Client {

        void send(BackendMessage message);

        void flush();

        /** What the client sends waits until {@link #resume}. */
        void pause();

        void resume();

        /** Ends the session with this error. */
        void fatal(Report report);

        /** Ends the session. */
        void leave();

        EventLoop loop();
    }

    /** One client's use of the console, on its event loop. */
    interface Session {

        /** What the client is told when it comes in. */
        Map<String, String> parameters();

        /** A whole message; the frame is valid during the call only. */
        void message(byte type, ByteBuf frame);

        /** The client is gone. */
        void closed();
    }

    /** @param admin whether the client may do more than look */
    Session open(String user, boolean admin, Client client);
}
