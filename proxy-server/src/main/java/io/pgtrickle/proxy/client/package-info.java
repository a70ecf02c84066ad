// SPDX-License-Identifier: Apache-2.0

/** Client sessions: startup, login, the ready state, cancel keys; each session lives on one event loop. */
@NullMarked
package io.pgtrickle.proxy.client;

import org.jspecify.annotations.NullMarked;
