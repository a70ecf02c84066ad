// SPDX-License-Identifier: Apache-2.0
/** Capture by statement triggers: buffers, trigger functions, and when they may be cleaned or removed (DELTA.md 9a). */
@NullMarked
package io.pgtrickle.dvm.capture;

import org.jspecify.annotations.NullMarked;
