// SPDX-License-Identifier: Apache-2.0

/** The SQL suite: what the product promises, one sentence per test, run through every door. */
@NullMarked
package io.pgtrickle.suite.sql;

import org.jspecify.annotations.NullMarked;
