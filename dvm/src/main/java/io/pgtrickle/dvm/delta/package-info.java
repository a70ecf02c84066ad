// SPDX-License-Identifier: Apache-2.0

/** From a plan's stages to the SQL text of one refresh program; pure, any thread. */
@NullMarked
package io.pgtrickle.dvm.delta;

import org.jspecify.annotations.NullMarked;
