// SPDX-License-Identifier: Apache-2.0
/** Which stream table reads which: order of refreshes, cycles. Pure. */
@NullMarked
package io.pgtrickle.dvm.graph;

import org.jspecify.annotations.NullMarked;
