// SPDX-License-Identifier: Apache-2.0
/** The engine's tables in the database: versioned migrations and what is read from and written to them. No state of its own. */
@NullMarked
package io.pgtrickle.dvm.catalog;

import org.jspecify.annotations.NullMarked;
