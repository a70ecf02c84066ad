// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

/** The door: asked once per client, when its startup packet has been read. Shared by all sessions, safe for any thread, never blocks. */
@FunctionalInterface
public interface Authenticator {

    /**
     * How a client is let in.
     *
     * @param user the client's "user" startup parameter
     * @param database its "database" startup parameter, or the user's name when it sent none
     */
    Admission admit(String user, String database);
}
