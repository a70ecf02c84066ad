// SPDX-License-Identifier: Apache-2.0
/** Small helpers about words people typed; pure functions, anyone may call them. */
@NullMarked
package io.pgtrickle.sql.text;

import org.jspecify.annotations.NullMarked;
