// SPDX-License-Identifier: Apache-2.0

/** Splits a query string into statements and recognises ours; everything else is passed through and never an error. */
@NullMarked
package io.pgtrickle.sql.statement;

import org.jspecify.annotations.NullMarked;
