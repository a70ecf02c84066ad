// SPDX-License-Identifier: Apache-2.0
/** How fast the proxy is as a pooler: pgbench straight to the server, through us and through PgBouncer, turn by turn. */
@NullMarked
package io.pgtrickle.proxy.bench.pooler;

import org.jspecify.annotations.NullMarked;
