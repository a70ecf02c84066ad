// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.auth;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** An exchange that depends on what a server says of the user. */
final class Lookup implements ClientAuthentication {

    private final Supplier<ClientAuthentication> question;
    private @Nullable ClientAuthentication begun;

    /** @param question takes as long as the server takes to answer */
    Lookup(Supplier<ClientAuthentication> question) {
        this.question = question;
    }

    @Override
    public AuthStep start() {
        return new AuthStep.Compute(() -> {
            ClientAuthentication exchange = question.get();
            begun = exchange;
            return exchange.start();
        });
    }

    @Override
    public AuthStep next(byte[] body) {
        ClientAuthentication exchange = begun;
        return exchange == null
                ? new AuthStep.Refused(AuthFailure.protocolViolation("password message without a request"))
                : exchange.next(body);
    }
}
