// SPDX-License-Identifier: Apache-2.0

/** TLS on both sides: contexts made from the settings and their files, the request for TLS to a server, and who the other side proved to be. */
@NullMarked
package io.pgtrickle.proxy.tls;

import org.jspecify.annotations.NullMarked;
