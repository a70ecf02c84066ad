// SPDX-License-Identifier: Apache-2.0

/** The command line; the one place besides the driver where the product's parts are put together. */
@NullMarked
package io.pgtrickle.proxy.cli;

import org.jspecify.annotations.NullMarked;
