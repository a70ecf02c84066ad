// SPDX-License-Identifier: Apache-2.0

/** The admin console: PgBouncer's commands and tables, over the wire protocol; sessions on their event loops, work that takes a while elsewhere. */
@NullMarked
package io.pgtrickle.proxy.admin;

import org.jspecify.annotations.NullMarked;
