// SPDX-License-Identifier: Apache-2.0

/** The benchmark: measures refreshes, the proxy and the scheduler as a client sees them, against PostgreSQL alone, in one run. */
@NullMarked
package io.pgtrickle.proxy.bench;

import org.jspecify.annotations.NullMarked;
