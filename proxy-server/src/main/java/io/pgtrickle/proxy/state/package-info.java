// SPDX-License-Identifier: Apache-2.0
/** What a session leaves on its server connection beyond a transaction: settings follow it to the next connection, the rest holds it. */
@NullMarked
package io.pgtrickle.proxy.state;

import org.jspecify.annotations.NullMarked;
