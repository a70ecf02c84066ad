// SPDX-License-Identifier: Apache-2.0

/** Sockets of either kind, the addresses behind them, and the names of servers; knows the configuration and nothing of PostgreSQL. */
@NullMarked
package io.pgtrickle.proxy.net;

import org.jspecify.annotations.NullMarked;
