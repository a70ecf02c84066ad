// SPDX-License-Identifier: Apache-2.0
/** The typed registry of {@code pg_trickle.*} settings: name, type, default, range, meaning. Immutable values, any thread. */
@NullMarked
package io.pgtrickle.dvm.settings;

import org.jspecify.annotations.NullMarked;
