// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import java.util.function.Supplier;

/** What to do next with a server that we log in to. */
public sealed interface LoginStep {

    /** Send a 'p' message with this body, then wait for the server's next Authentication message. */
    record Send(byte[] body) implements LoginStep {}

    /** Nothing to send: wait for the server's next Authentication message. */
    record Await() implements LoginStep {}

    /** Milliseconds of key derivation: run it off the event loop, come back to the loop with the step it returns. */
    record Compute(Supplier<LoginStep> work) implements LoginStep {}

    /** The server said AuthenticationOk; ParameterStatus, BackendKeyData and ReadyForQuery follow. */
    record LoggedIn() implements LoginStep {}

    /** We cannot or must not go on with this server: tell the client this FATAL error and close both connections. */
    record Refused(AuthFailure failure) implements LoginStep {}
}
