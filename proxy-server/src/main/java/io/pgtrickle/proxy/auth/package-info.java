// SPDX-License-Identifier: Apache-2.0
/**
 * Who may come in and how we log in to the server for them: state machines fed with message bodies, without any input or output of
 * their own; client sessions call them on their event loop.
 */
@NullMarked
package io.pgtrickle.proxy.auth;

import org.jspecify.annotations.NullMarked;
