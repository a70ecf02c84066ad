// SPDX-License-Identifier: Apache-2.0

/** The query parser against PostgreSQL: the golden corpus and random expressions must survive the round trip. */
@NullMarked
package io.pgtrickle.suite.queries;

import org.jspecify.annotations.NullMarked;
