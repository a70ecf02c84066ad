// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import io.pgtrickle.proxy.config.ProxyConfig;

/** The door: asked once per client, when its startup packet has been read. Shared by all sessions, safe for any thread, never blocks. */
@FunctionalInterface
public interface Authenticator {

    /** How a client is let in. */
    Admission admit(Visitor visitor);

    /** From now on clients are let in by this configuration, if the door goes by one; takes as long as it takes to make keys of passwords. */
    default void reload(ProxyConfig config) {}

    /** Before the first client: through this the door can ask servers. */
    default void open(ServerQueries queries) {}
}
