// SPDX-License-Identifier: Apache-2.0

/** The proxy as a whole: listener, event loops, start and stop; what the command line and the tests use. */
@NullMarked
package io.pgtrickle.proxy.server;

import org.jspecify.annotations.NullMarked;
