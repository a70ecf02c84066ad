// SPDX-License-Identifier: Apache-2.0

/** The one package that sees JSqlParser: canonical text to our own syntax. */
@NullMarked
package io.pgtrickle.sql.jsqlparser;

import org.jspecify.annotations.NullMarked;
