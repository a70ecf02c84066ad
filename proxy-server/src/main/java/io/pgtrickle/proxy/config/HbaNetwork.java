// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.config;

import java.net.InetAddress;

/** Addresses that agree with this one wherever the mask has a bit; both are of the same family. */
public record HbaNetwork(InetAddress address, byte[] mask) {

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

    /** {@code 10.0.0.0/8}, or one address. */
    static HbaNetwork parse(String text) {
        int slash = text.indexOf('/');
        try {
            InetAddress address = InetAddress.ofLiteral(slash < 0 ? text : text.substring(0, slash));
            return ofBits(address, slash < 0 ? address.getAddress().length * Byte.SIZE : Integer.parseInt(text.substring(slash + 1)));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("\"" + text + "\" is not an address with a number of bits", e);
        }
    }

    public boolean contains(InetAddress client) {
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
