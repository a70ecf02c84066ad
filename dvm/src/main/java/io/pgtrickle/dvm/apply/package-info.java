// SPDX-License-Identifier: Apache-2.0

/** How a set of changes is put into the visible table: by key or as a bag, and by which expressions a value is identified. */
@NullMarked
package io.pgtrickle.dvm.apply;

import org.jspecify.annotations.NullMarked;
