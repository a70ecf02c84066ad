// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/** What a client shows to have its own query cancelled: the server's process id as it saw it, and a random secret of ours. */
record CancelKey(int processId, byte[] secret) {

    /** In constant time as to the secret, so that it cannot be found byte by byte. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof CancelKey(int theirs, byte[] theirSecret)
                && processId == theirs
                && MessageDigest.isEqual(secret, theirSecret);
    }

    @Override
    public int hashCode() {
        return processId;
    }
}
