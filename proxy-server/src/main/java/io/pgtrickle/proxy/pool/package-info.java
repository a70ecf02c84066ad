// SPDX-License-Identifier: Apache-2.0

/** Who gets which server connection; called on event loops, never blocks. */
@NullMarked
package io.pgtrickle.proxy.pool;

import org.jspecify.annotations.NullMarked;
