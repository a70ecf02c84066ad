// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.wire.backend.BackendMessage;
import io.pgtrickle.wire.backend.Report;
import io.pgtrickle.wire.codec.FrameReader;

/** The client's side of a session, as interception needs it; used on the session's event loop. */
public interface SessionPort {

    /** Bytes for the client, which are now its connection's. */
    void forward(ByteBuf bytes);

    void send(BackendMessage message);

    void flush();

    /** What the client sends; paused while something of ours goes on. */
    FrameReader reader();

    /** Goes on with what the client sends. */
    void resumeInput();

    /** Whether others use the server connection before and after, so that it must not be told that the client leaves. */
    boolean sharesServer();

    /** Whether there is a server connection; if not, one is asked for, and input goes on when it is there. */
    boolean requestServer();

    /** The client said goodbye, and the server has been told unless it is shared. */
    void leave();

    /** Ends the session with this error. */
    void fatal(Report report);

    /** Statements may mean something else in the database from now on. */
    void ddlSeen();
}
