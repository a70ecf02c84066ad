// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import java.util.List;
import java.util.function.Supplier;

/** What to do next with a client that we authenticate ourselves. */
public sealed interface AuthStep {

    /** The steps that end the exchange. */
    sealed interface End extends AuthStep {}

    /** Send an Authentication message ('R') with this body, then wait for a 'p' message and hand it to {@link ClientAuthentication#next}. */
    record Send(byte[] body) implements AuthStep {}

    /** Key derivation, or a question to the server: run it off the event loop, come back to the loop with the step it returns. */
    record Compute(Supplier<AuthStep> work) implements AuthStep {}

    /**
     * The client is who it says. Send these 'R' bodies (the last one of SCRAM; AuthenticationOk is never among them), open the server
     * connection along the route and log in with {@code login}; AuthenticationOk goes to the client as soon as that succeeded.
     */
    record Accepted(List<byte[]> bodies, Route route, Supplier<ServerLogin> login) implements End {

        public Accepted {
            bodies = List.copyOf(bodies);
        }
    }

    /**
     * The client is who it says, and wants the admin console. Send these 'R' bodies, then AuthenticationOk.
     *
     * @param admin whether it may do more than look
     */
    record Console(List<byte[]> bodies, boolean admin) implements End {

        public Console {
            bodies = List.copyOf(bodies);
        }
    }

    /** Send this as a FATAL error and close. */
    record Refused(AuthFailure failure) implements End {}
}
