// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.net.InetAddress;

/** Addresses that agree with this one wherever the mask has a bit; both are of the same family. */
record HbaNetwork(InetAddress address, byte[] mask) {

    /** @throws IllegalArgumentException if there are not that many bits */
    static HbaNetwork ofBits(InetAddress address, int bits) {
        byte[] mask = new byte[address.getAddress().length];
        if (bits < 0 || bits > mask.length * Byte.SIZE) {
            throw new IllegalArgumentException("a mask of " + bits + " bits, where an address has " + mask.length * Byte.SIZE);
        }
        for (int i = 0; i < bits; i++) {
            mask[i / Byte.SIZE] |= (byte) (0x80 >> i % Byte.SIZE);
        }
        return new HbaNetwork(address, mask);
    }

    boolean contains(InetAddress client) {
        byte[] base = address.getAddress();
        byte[] other = client.getAddress();
        if (base.length != other.length) {
            return false;
        }
        for (int i = 0; i < base.length; i++) {
            if (((base[i] ^ other[i]) & mask[i]) != 0) {
                return false;
            }
        }
        return true;
    }
}
