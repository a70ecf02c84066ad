// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.backend;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;

/**
 * Whoever uses a server connection; called on its event loop. Frames are valid during the call only. Whoever does not say otherwise lets
 * pass what the server says.
 */
public interface ServerListener {

    /** The client's number ({@code client.ClientState}); 0 if it is no client. */
    default long clientId() {
        return 0;
    }

    /** An Authentication message ('R') during login. */
    default void authentication(ByteBuf frame) {}

    /** The first ReadyForQuery, in this frame: login is complete. */
    default void loggedIn(ByteBuf frame) {}

    /** Bytes for the client, which now owns the buffer. */
    default void forward(ByteBuf bytes) {
        bytes.release();
    }

    /** A message that is not simply the client's: engine replies, reports amid our own work, and what else {@link Owner} says. */
    default void reply(Owner owner, byte type, ByteBuf frame) {}

    /** On a shared connection: statements may mean something else from now on, or prepared ones are gone ({@link ServerConnection#isDdl}). */
    default void completed(String tag) {}

    /** A ReadyForQuery with this status was forwarded. */
    default void ready(char status) {}

    /** What was received has been handled; replies may have become complete. */
    default void received() {}

    /** No more data for now: a good time to flush. */
    default void readComplete() {}

    /** The server takes bytes faster or slower than we send them. */
    default void writabilityChanged(boolean writable) {}

    /** The connection has ended. @param explained whether the server sent a FATAL error before */
    void closed(boolean explained);
}
