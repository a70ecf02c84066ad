// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Values as they are sent; drivers may ask for the binary format (PostgreSQL's *_send functions). */
final class Values {

    private static final int NUMERIC_BASE = 10_000;
    private static final int NUMERIC_NEGATIVE = 0x4000;

    private Values() {}

    static byte @Nullable [] encoded(@Nullable String text, Table.Type type, boolean binary) {
        if (text == null) {
            return null;
        }
        if (!binary) {
            return text.getBytes(StandardCharsets.UTF_8);
        }
        return switch (type) {
            case TEXT, BYTEA -> text.getBytes(StandardCharsets.UTF_8);
            case INT4 -> ByteBuffer.allocate(Integer.BYTES).putInt(Integer.parseInt(text)).array();
            case INT8 -> ByteBuffer.allocate(Long.BYTES).putLong(Long.parseLong(text)).array();
            case NUMERIC -> numeric(Long.parseLong(text));
        };
    }

    /** {@code Int16 digits, Int16 weight, Int16 sign, Int16 scale, Int16 digit × digits}, digits of base 10000. */
    private static byte[] numeric(long value) {
        List<Short> digits = new ArrayList<>();
        for (long rest = Math.abs(value); rest > 0; rest /= NUMERIC_BASE) {
            digits.addFirst((short) (rest % NUMERIC_BASE));
        }
        int weight = Math.max(0, digits.size() - 1);
        ByteBuffer out = ByteBuffer.allocate(8 + 2 * digits.size())
                .putShort((short) digits.size()).putShort((short) weight).putShort((short) (value < 0 ? NUMERIC_NEGATIVE : 0)).putShort((short) 0);
        digits.forEach(out::putShort);
        return out.array();
    }
}
