// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import java.security.SecureRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/** The cancel keys of all sessions. The only thing sessions on different event loops share; safe for any thread. */
final class CancelRegistry {

    /** PostgreSQL's own lengths. */
    private static final int KEY_BYTES_3_0 = 4;

    private static final int KEY_BYTES_3_2 = 32;

    private final SecureRandom random = new SecureRandom();
    private final ConcurrentMap<CancelKey, ClientSession> sessions = new ConcurrentHashMap<>();

    private final int ownNumber;

    /** @param ownNumber of {@link io.pgtrickle.proxy.config.Peering} */
    CancelRegistry(int ownNumber) {
        this.ownNumber = ownNumber;
    }

    /**
     * A new key for a session; the process id is the server's if the session has one of its own, as clients tell their own notifications by
     * it, unless peers need it to find us.
     */
    CancelKey register(ClientSession session, int processId, int minorVersion) {
        while (true) {
            byte[] secret = new byte[minorVersion >= 2 ? KEY_BYTES_3_2 : KEY_BYTES_3_0];
            random.nextBytes(secret);
            CancelKey key = ownNumber == 0 ? new CancelKey(processId, secret) : CancelKey.of(ownNumber, random.nextInt(), secret);
            if (sessions.putIfAbsent(key, session) == null) {
                return key;
            }
        }
    }

    /** For a session that has no server process of its own. */
    int processId() {
        return 1 + random.nextInt(Integer.MAX_VALUE);
    }

    void unregister(CancelKey key) {
        sessions.remove(key);
    }

    @Nullable ClientSession find(CancelKey key) {
        return sessions.get(ownNumber == 0 ? key : key.original());
    }
}
