// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.proxy.backend.ReplyQueue;
import io.pgtrickle.proxy.backend.ReplyQueue.Kind;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.wire.codec.FrameHandler;
import io.pgtrickle.wire.codec.ProtocolViolationException;
import io.pgtrickle.wire.frontend.FrontendType;

/** A ready session's traffic from the client to the server. */
public final class Interceptor implements FrameHandler {

    private final SessionPort session;
    private final ServerConnection server;

    public Interceptor(SessionPort session, ServerConnection server, EngineCalls engines) {
        this.session = session;
        this.server = server;
    }

    public boolean isBusy() {
        return !server.replies().isEmpty();
    }

    public void cancelling() {}

    @Override
    public Action begin(byte type, int length) {
        int longest = FrontendType.maxLength(type);
        if (longest < 0) {
            throw new ProtocolViolationException("invalid frontend message type " + type);
        }
        if (length > longest) {
            throw new ProtocolViolationException("invalid message length");
        }
        ReplyQueue replies = server.replies();
        switch (type) {
            case FrontendType.QUERY -> replies.expect(Kind.QUERY, Owner.CLIENT);
            case FrontendType.PARSE -> replies.expect(Kind.PARSE, Owner.CLIENT);
            case FrontendType.BIND -> replies.expect(Kind.BIND, Owner.CLIENT);
            case FrontendType.DESCRIBE -> replies.expect(Kind.DESCRIBE, Owner.CLIENT);
            case FrontendType.EXECUTE -> replies.expect(Kind.EXECUTE, Owner.CLIENT);
            case FrontendType.CLOSE -> replies.expect(Kind.CLOSE, Owner.CLIENT);
            case FrontendType.SYNC -> replies.expect(Kind.SYNC, Owner.CLIENT);
            case FrontendType.FUNCTION_CALL -> replies.expect(Kind.FUNCTION_CALL, Owner.CLIENT);
            case FrontendType.COPY_DONE, FrontendType.COPY_FAIL -> replies.expect(Kind.COPY_END, Owner.CLIENT);
            case FrontendType.TERMINATE -> {
                return Action.TAKE;
            }
            default -> {}
        }
        return Action.FORWARD;
    }

    @Override
    public void take(byte type, ByteBuf frame) {
        server.write(frame.retainedDuplicate());
        session.leave();
    }

    @Override
    public void forward(ByteBuf bytes) {
        server.write(bytes);
    }

    public void reply(Owner owner, byte type, ByteBuf frame) {}

    public void ready(char status) {}

    public void received() {}

    public void closed() {}
}
