// SPDX-License-Identifier: Apache-2.0

/** Server connections: the messages they send, the replies still expected; each lives on the event loop of its client. */
@NullMarked
package io.pgtrickle.proxy.backend;

import org.jspecify.annotations.NullMarked;
