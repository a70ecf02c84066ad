// SPDX-License-Identifier: Apache-2.0

/** JDBC from outside, for the commands that show, check and measure the product as a client sees it; every call blocks. */
@NullMarked
package io.pgtrickle.proxy.probe;

import org.jspecify.annotations.NullMarked;
