// SPDX-License-Identifier: Apache-2.0

/** How clients and servers are reached: Unix sockets, load balancers, names, several hosts; with real clients and servers. */
@NullMarked
package io.pgtrickle.proxy.net;

import org.jspecify.annotations.NullMarked;
