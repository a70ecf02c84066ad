// SPDX-License-Identifier: Apache-2.0

/** The engine's façade: what the two front doors call. */
@NullMarked
package io.pgtrickle.dvm.engine;

import org.jspecify.annotations.NullMarked;
