// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench.pooler;

import java.util.Locale;

/** How pgbench sends its statements, its option --protocol. */
public enum QueryMode {
    SIMPLE,
    EXTENDED,
    PREPARED;

    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
