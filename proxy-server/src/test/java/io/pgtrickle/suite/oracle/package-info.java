// SPDX-License-Identifier: Apache-2.0

/** Compares a stream table with its defining query, as bags of text images at one snapshot. */
@NullMarked
package io.pgtrickle.suite.oracle;

import org.jspecify.annotations.NullMarked;
