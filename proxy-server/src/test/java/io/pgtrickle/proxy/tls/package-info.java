// SPDX-License-Identifier: Apache-2.0

/** TLS between real clients, the proxy and a real server; certificates are made for each run. */
@NullMarked
package io.pgtrickle.proxy.tls;

import org.jspecify.annotations.NullMarked;
