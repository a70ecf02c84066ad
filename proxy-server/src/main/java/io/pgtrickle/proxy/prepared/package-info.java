// SPDX-License-Identifier: Apache-2.0
/** Prepared statements that sessions share: which there are, and which a server connection has. */
@NullMarked
package io.pgtrickle.proxy.prepared;

import org.jspecify.annotations.NullMarked;
