// SPDX-License-Identifier: Apache-2.0

/** Our query syntax: immutable records of a canonical query as PostgreSQL's own deparser prints it. */
@NullMarked
package io.pgtrickle.sql.ast;

import org.jspecify.annotations.NullMarked;
