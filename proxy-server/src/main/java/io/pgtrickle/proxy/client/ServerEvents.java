// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.client.ClientSession.State;
import io.pgtrickle.proxy.intercept.Interceptor;
import io.pgtrickle.proxy.pool.ServerPool.Borrower;
import io.pgtrickle.wire.backend.BackendMessage.ParameterStatus;
import io.pgtrickle.wire.backend.BackendType;
import io.pgtrickle.wire.backend.Report;
import org.jspecify.annotations.Nullable;

/** What a session's server connection, or the pool on its behalf, has to say; on the session's event loop. */
final class ServerEvents implements Borrower {

    private final ClientSession session;

    ServerEvents(ClientSession session) {
        this.session = session;
    }

    private @Nullable ServerConnection server() {
        return session.lease().server();
    }

    @Override
    public long clientId() {
        return session.id();
    }

    // The pool.

    @Override
    public void lent(ServerConnection lent) {
        if (!session.lease().lent(lent)) {
            return;
        }
        lent.setReading(session.channel().isWritable());
        session.serverTakes(lent.channel().isWritable());
        switch (session.state()) {
            case LOGIN -> greetIfReady();
            case READY -> session.resumeInput();
            case CONSOLE, LEAVING, FAILED, CLOSED -> session.giveBack();
        }
    }

    @Override
    public void waiting(Report notice) {
        session.send(notice);
        session.flush();
    }

    @Override
    public void unavailable(Report report) {
        session.fatal(report);
    }

    // Login.

    @Override
    public void authentication(ByteBuf frame) {
        ServerConnection server = server();
        if (server != null) {
            session.login().authentication(frame, server);
        }
    }

    @Override
    public void loggedIn(ByteBuf frame) {
        ServerConnection server = server();
        if (server != null && session.state() == State.LOGIN) {
            session.begin(server);
        }
    }

    /** With a connection that is logged in already, once it has the session's settings. */
    private void greetIfReady() {
        ServerConnection server = server();
        if (session.state() == State.LOGIN && session.lease().isLoggedIn() && server != null && server.replies().isEmpty()) {
            session.login().greet(server.parameters());
            session.begin(server);
        } else if (server != null) {
            server.flush();
        }
    }

    // Replies.

    @Override
    public void forward(ByteBuf bytes) {
        if (!session.channel().isActive()) {
            session.unread(bytes.readableBytes());
        }
        session.forward(bytes);
    }

    @Override
    public void reply(Owner owner, byte type, ByteBuf frame) {
        if (owner == Owner.SETUP) {
            setupReply(type, frame);
        } else if (type == BackendType.PARAMETER_STATUS && owner == Owner.CLIENT) {
            session.lease().reset(ParameterStatus.read(frame, session.charset())).ifPresent(session::send);
        } else {
            session.interceptor().reply(owner, type, frame);
        }
    }

    private void setupReply(byte type, ByteBuf frame) {
        Report report = session.lease().setupReply(type, frame);
        if (report != null && report.isFatal()) { // whatever it was about
            session.forward(frame.retainedDuplicate());
        } else if (report != null) {
            session.fatal(report);
        }
    }

    @Override
    public void ready(char status) {
        session.interceptorIfReady().ifPresent(interceptor -> interceptor.ready(status));
        ServerLease lease = session.lease();
        ServerConnection server = lease.server();
        if (status == 'I' && server != null) {
            lease.restart(server);
        } else if (status != 'I' && lease.isStatementMode()) {
            session.fatal(Report.fatal("08P01", "transaction blocks not allowed in statement pooling mode")
                    .with(Report.HINT, "Set pool_mode = transaction for this database or user."));
        }
    }

    @Override
    public void completed(String tag) {
        session.interceptorIfReady().ifPresent(interceptor -> interceptor.completed(tag));
    }

    @Override
    public void received() {
        session.interceptorIfReady().ifPresentOrElse(Interceptor::received, this::greetIfReady);
        session.releaseAtRest();
        session.endIfFinished();
    }

    // The connection.

    @Override
    public void readComplete() {
        session.flush();
    }

    @Override
    public void writabilityChanged(boolean writable) {
        session.serverTakes(writable);
    }

    @Override
    public void closed(boolean explained) {
        session.interceptorIfReady().ifPresent(Interceptor::closed);
        session.giveBack();
        switch (session.state()) {
            case LOGIN, READY -> {
                if (explained) {
                    session.endedByServer();
                } else {
                    session.fatal("57P01", "terminating connection because the connection to the server was lost");
                }
            }
            case LEAVING -> session.closeAfterOutput();
            case CONSOLE, FAILED, CLOSED -> {}
        }
    }
}
