// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.wire.codec.FrameHandler;
import io.pgtrickle.wire.codec.ProtocolViolationException;
import io.pgtrickle.wire.frontend.FrontendType;

/** Hands what a client sends to whoever is in charge in the session's state. */
final class ClientInput implements FrameHandler {

    /** A command of the admin console is short. */
    private static final int MAX_CONSOLE_LENGTH = 100_000;

    private final ClientSession session;

    ClientInput(ClientSession session) {
        this.session = session;
    }

    @Override
    public void startup(ByteBuf packet) {
        session.login().startup(packet);
    }

    @Override
    public Action begin(byte type, int length) {
        return switch (session.state()) {
            case LOGIN -> {
                session.login().checkAnswer(type, length);
                yield Action.TAKE;
            }
            case READY -> {
                if (type == FrontendType.QUERY && !session.takesSimpleQueries()) {
                    throw new ProtocolViolationException("simple queries are not allowed (disable_pqexec)");
                }
                yield session.interceptor().begin(type, length);
            }
            case CONSOLE -> {
                if (length > MAX_CONSOLE_LENGTH) {
                    throw new ProtocolViolationException("invalid message length");
                }
                yield Action.TAKE;
            }
            case LEAVING, FAILED, CLOSED -> Action.DISCARD;
        };
    }

    @Override
    public Action look(byte type, ByteBuf frame) {
        return session.interceptor().look(type, frame);
    }

    @Override
    public void take(byte type, ByteBuf frame) {
        switch (session.state()) {
            case LOGIN -> session.login().answer(frame, session.lease().server());
            case CONSOLE -> session.seat().message(type, frame);
            case READY, LEAVING, FAILED, CLOSED -> session.interceptor().take(type, frame);
        }
    }

    @Override
    public void head(byte type, ByteBuf head) {
        session.interceptor().head(type, head);
    }

    @Override
    public void forward(ByteBuf bytes) {
        session.interceptor().forward(bytes);
    }

    @Override
    public void end(byte type) {
        if (session.state() == ClientSession.State.READY) {
            session.interceptor().end(type);
        }
    }
}
