// SPDX-License-Identifier: Apache-2.0

/** The window of changes a refresh consumes, and the snapshot a refresh remembers. */
@NullMarked
package io.pgtrickle.dvm.frontier;

import org.jspecify.annotations.NullMarked;
