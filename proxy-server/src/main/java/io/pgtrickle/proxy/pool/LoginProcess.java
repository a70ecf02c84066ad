// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.pool;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.proxy.auth.LoginStep;
import io.pgtrickle.proxy.auth.ServerLogin;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.backend.ServerListener;
import io.pgtrickle.proxy.tls.PeerCertificates;
import io.pgtrickle.wire.backend.BackendMessage.AuthenticationData;
import io.pgtrickle.wire.backend.Report;
import io.pgtrickle.wire.frontend.FrontendMessage.PasswordMessage;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Our own login to a server for a client that waits; on the connection's event loop. */
final class LoginProcess implements ServerListener {

    /** What becomes of it; called once, on the connection's event loop. */
    interface End {

        void loggedIn(ServerConnection server);

        void failed(Report report);
    }

    private final ServerLogin login;
    private final End end;
    private @Nullable ServerConnection server;
    private boolean ended;

    LoginProcess(ServerLogin login, End end) {
        this.login = login;
        this.end = end;
    }

    void begin(ServerConnection connected) {
        server = connected;
        login.bindTo(PeerCertificates.serverEndPoint(connected.channel()));
    }

    private ServerConnection server() {
        ServerConnection connected = server;
        if (connected == null) {
            throw new IllegalStateException("not connected");
        }
        return connected;
    }

    @Override
    public void authentication(ByteBuf frame) {
        step(login.next(AuthenticationData.read(frame).body()));
    }

    private void step(LoginStep step) {
        switch (step) {
            case LoginStep.Send(byte[] body) -> {
                server().send(new PasswordMessage(body), Owner.SETUP);
                server().flush();
            }
            case LoginStep.Await(), LoginStep.LoggedIn() -> {}
            case LoginStep.Compute(var work) -> {
                var loop = server().channel().eventLoop();
                Thread.ofVirtual().name("login-keys").start(() -> {
                    LoginStep computed = work.get();
                    loop.execute(() -> step(computed));
                });
            }
            case LoginStep.Refused(var failure) -> fail(failure.report());
        }
    }

    @Override
    public void loggedIn(ByteBuf frame) {
        ended = true;
        end.loggedIn(server());
    }

    private void fail(Report report) {
        if (!ended) {
            ended = true;
            server().close();
            end.failed(report);
        }
    }

    @Override
    public void closed(boolean explained) {
        Optional<Report> reason = server().fatal();
        fail(reason.orElseGet(() -> Report.fatal("08006", "the server closed the connection during login")));
    }
}
