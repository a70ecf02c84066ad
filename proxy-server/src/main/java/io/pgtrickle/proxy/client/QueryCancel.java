// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import io.pgtrickle.proxy.backend.CancelSender;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.intercept.Interceptor;
import io.pgtrickle.proxy.tls.TlsContexts;

/**
 * The cancelling of what runs for one session (PostgreSQL manual 54.2.9), on its event loop: only a client whose query is running can have
 * it cancelled, and the request must never reach anything else.
 */
final class QueryCancel {

    private final ClientSession session;
    private final TlsContexts tls;

    QueryCancel(ClientSession session, TlsContexts tls) {
        this.session = session;
        this.tls = tls;
    }

    /** @param done called when the server has dealt with the request, or there is nothing to cancel */
    void send(Runnable done) {
        ServerConnection server = session.lease().server();
        if (server == null || !session.interceptorIfReady().map(Interceptor::isBusy).orElse(false)) {
            done.run();
            return;
        }
        session.interceptor().cancelling();
        if (server.replies().isEmpty()) {
            done.run();
        } else {
            server.cancelBegins();
            CancelSender.send(server, tls.servers(), () -> {
                done.run();
                server.cancelEnded();
            });
        }
    }
}
