// SPDX-License-Identifier: Apache-2.0

/** Recognises our statements in a session's traffic and has the engine carry them out, replies kept in order; everything else passes. */
@NullMarked
package io.pgtrickle.proxy.intercept;

import org.jspecify.annotations.NullMarked;
