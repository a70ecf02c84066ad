// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.backend;

import org.jspecify.annotations.Nullable;

/**
 * The server connection a session works with at the moment; in transaction pooling another one with every transaction. Changed on the
 * session's event loop, and not while the engine works in the session, whose thread reads it too.
 */
public final class ServerLink {

    private volatile @Nullable ServerConnection current;

    public boolean isLinked() {
        return current != null;
    }

    /** @throws IllegalStateException when there is none at the moment */
    public ServerConnection server() {
        ServerConnection server = current;
        if (server == null) {
            throw new IllegalStateException("no server connection at the moment");
        }
        return server;
    }

    public @Nullable ServerConnection orNull() {
        return current;
    }

    public void link(ServerConnection server) {
        current = server;
    }

    public void unlink() {
        current = null;
    }
}
