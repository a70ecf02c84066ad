// SPDX-License-Identifier: Apache-2.0

/** Random schemas, queries and changes from a seed, run against the oracle; a failing case is shrunk and printed as SQL. */
@NullMarked
package io.pgtrickle.suite.generate;

import org.jspecify.annotations.NullMarked;
