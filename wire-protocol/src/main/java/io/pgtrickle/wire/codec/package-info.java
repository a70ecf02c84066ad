// SPDX-License-Identifier: Apache-2.0

/** Walks the byte streams of the protocol, message by message, without decoding or copying what only passes by; single-threaded. */
@NullMarked
package io.pgtrickle.wire.codec;

import org.jspecify.annotations.NullMarked;
