// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.bench.pooler;

/** What pgbench talks to. */
public enum Target {
    DIRECT,
    PGTRICKLE,
    PGBOUNCER
}
