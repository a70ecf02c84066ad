// SPDX-License-Identifier: Apache-2.0

/** The one place that quotes identifiers and literals and turns syntax back into SQL text. */
@NullMarked
package io.pgtrickle.sql.render;

import org.jspecify.annotations.NullMarked;
