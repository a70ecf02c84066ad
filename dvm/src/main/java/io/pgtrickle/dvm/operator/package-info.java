// SPDX-License-Identifier: Apache-2.0

/** The sealed operator family, each operator with its delta rule; immutable records, any thread. */
@NullMarked
package io.pgtrickle.dvm.operator;

import org.jspecify.annotations.NullMarked;
