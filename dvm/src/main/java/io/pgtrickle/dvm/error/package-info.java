// SPDX-License-Identifier: Apache-2.0

/** One exception and one enum of error codes, mapped once to the wire and once to JDBC. */
@NullMarked
package io.pgtrickle.dvm.error;

import org.jspecify.annotations.NullMarked;
