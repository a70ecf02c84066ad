// SPDX-License-Identifier: Apache-2.0
/** Refreshing one stream table in somebody's transaction: what is pending, how to go about it, running it, noting it. */
@NullMarked
package io.pgtrickle.dvm.refresh;

import org.jspecify.annotations.NullMarked;
