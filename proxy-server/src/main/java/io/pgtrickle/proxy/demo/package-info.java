// SPDX-License-Identifier: Apache-2.0

/** The demonstration: a sample shop, its stream tables, writers, self-checks and the live view of them; all through the proxy's port. */
@NullMarked
package io.pgtrickle.proxy.demo;

import org.jspecify.annotations.NullMarked;
