// SPDX-License-Identifier: Apache-2.0

/** Writers, refreshers and killers at the same time; ends in equality. */
@NullMarked
package io.pgtrickle.suite.stress;

import org.jspecify.annotations.NullMarked;
