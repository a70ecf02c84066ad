// SPDX-License-Identifier: Apache-2.0
/** Asks PostgreSQL, the analyser, everything a plan is compiled from. Works in the caller's transaction; no state. */
@NullMarked
package io.pgtrickle.dvm.analysis;

import org.jspecify.annotations.NullMarked;
