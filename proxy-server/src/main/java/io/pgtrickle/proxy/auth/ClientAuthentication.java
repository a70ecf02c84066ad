// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

/** One client's exchange with us. Not thread-safe: one call at a time, each on the step before it. */
public interface ClientAuthentication {

    /** The first step, before anything has come from the client. */
    AuthStep start();

    /** The next step, given the body (without type byte and length) of a 'p' message from the client. */
    AuthStep next(byte[] body);
}
