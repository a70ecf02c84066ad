// SPDX-License-Identifier: Apache-2.0

/** A real PostgreSQL 18 for the one-command start and for the tests, run as a child of this process; every call blocks. */
@NullMarked
package io.pgtrickle.proxy.embedded;

import org.jspecify.annotations.NullMarked;
