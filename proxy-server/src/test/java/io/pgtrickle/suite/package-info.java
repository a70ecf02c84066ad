// SPDX-License-Identifier: Apache-2.0

/** What the tests against a real PostgreSQL 18 share; used by the proxy's and the driver's tests. */
@NullMarked
package io.pgtrickle.suite;

import org.jspecify.annotations.NullMarked;
