// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/**
 * What a client shows to have its own query cancelled: the server's process id as it saw it, and a random secret of ours.
 *
 * <p>With peers ({@link io.pgtrickle.proxy.config.Peering}) the first eight bytes, process id and secret together, tell more, in PgBouncer's
 * way, so that it can be a peer, too: the second and third byte are the proxy's number, low byte first, and the last two bits of the eighth
 * how often the request may still be passed on.
 */
record CancelKey(int processId, byte[] secret) {

    private static final int HOPS = 0b11;
    private static final int LAST = 3;

    /** The key of a proxy with that number, made from random bytes. */
    static CancelKey of(int peer, int random, byte[] secret) {
        ByteBuffer id = ByteBuffer.allocate(Integer.BYTES).putInt(0, random & Integer.MAX_VALUE);
        id.put(1, (byte) peer).put(2, (byte) (peer >> Byte.SIZE));
        return new CancelKey(id.getInt(0), withHops(secret, HOPS));
    }

    private static byte[] withHops(byte[] secret, int hops) {
        byte[] changed = secret.clone();
        if (changed.length > LAST) {
            changed[LAST] = (byte) (changed[LAST] & ~HOPS | hops);
        }
        return changed;
    }

    /** The number of the proxy that has made it, if there are peers. */
    int peer() {
        ByteBuffer id = ByteBuffer.allocate(Integer.BYTES).putInt(0, processId);
        return Byte.toUnsignedInt(id.get(1)) | Byte.toUnsignedInt(id.get(2)) << Byte.SIZE;
    }

    /** How often it may still be passed on. */
    int hops() {
        return secret.length > LAST ? secret[LAST] & HOPS : 0;
    }

    /** As it is sent to a peer. */
    CancelKey passedOn() {
        return new CancelKey(processId, withHops(secret, hops() - 1));
    }

    /** As the client has it. */
    CancelKey original() {
        return new CancelKey(processId, withHops(secret, HOPS));
    }

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
