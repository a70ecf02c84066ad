// SPDX-License-Identifier: Apache-2.0

/** The SqlSession port: how the engine runs SQL, over JDBC or over a client's own server connection; calls block, so virtual threads only. */
@NullMarked
package io.pgtrickle.dvm.session;

import org.jspecify.annotations.NullMarked;
