// SPDX-License-Identifier: Apache-2.0

/** The messages a server sends, named as in the PostgreSQL manual 54.7; records for those the proxy must understand or send. */
@NullMarked
package io.pgtrickle.wire.backend;

import org.jspecify.annotations.NullMarked;
