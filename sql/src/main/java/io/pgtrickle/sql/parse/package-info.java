// SPDX-License-Identifier: Apache-2.0

/** The parser's interface, the normaliser in front of it, and the unsupported constructs it reports by name. */
@NullMarked
package io.pgtrickle.sql.parse;

import org.jspecify.annotations.NullMarked;
