// SPDX-License-Identifier: Apache-2.0

/** The parts put together: an embedded server or someone else's, the engine, the proxy; used by the commands and their tests. */
@NullMarked
package io.pgtrickle.proxy.product;

import org.jspecify.annotations.NullMarked;
