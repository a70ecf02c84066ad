// SPDX-License-Identifier: Apache-2.0
/** What the proxy is told at start: pgbouncer.ini and userlist.txt as PgBouncer reads them, and libpq's rules for our own connections. */
@NullMarked
package io.pgtrickle.proxy.config;

import org.jspecify.annotations.NullMarked;
