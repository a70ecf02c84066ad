// SPDX-License-Identifier: Apache-2.0

/** Conversations at the wire with the proxy in front of a real PostgreSQL: what it passes on, what it intercepts, what it withstands. */
@NullMarked
package io.pgtrickle.proxy.conversation;

import org.jspecify.annotations.NullMarked;
