// SPDX-License-Identifier: Apache-2.0

/** PostgreSQL's lexical rules, once: text to tokens whose concatenation is the text again; pure functions, any thread. */
@NullMarked
package io.pgtrickle.sql.lexer;

import org.jspecify.annotations.NullMarked;
