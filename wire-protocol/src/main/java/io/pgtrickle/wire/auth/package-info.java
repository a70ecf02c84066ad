// SPDX-License-Identifier: Apache-2.0
/** Password authentication, both sides: SCRAM-SHA-256, MD5, stored secrets; pure computation on message bodies, no input or output. */
@NullMarked
package io.pgtrickle.wire.auth;

import org.jspecify.annotations.NullMarked;
