// SPDX-License-Identifier: Apache-2.0
/** The only place that speaks JDBC: the engine's own connections, and any JDBC connection as a {@code SqlSession}. */
@NullMarked
package io.pgtrickle.dvm.jdbc;

import org.jspecify.annotations.NullMarked;
