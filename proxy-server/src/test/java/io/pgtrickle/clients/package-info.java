// SPDX-License-Identifier: Apache-2.0

/**
 * Other people's clients in front of the proxy: each program runs against PostgreSQL itself and, several times at once, through a proxy
 * that shares few connections, and must see the same.
 */
@NullMarked
package io.pgtrickle.clients;

import org.jspecify.annotations.NullMarked;
