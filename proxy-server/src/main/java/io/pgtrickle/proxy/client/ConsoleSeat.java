// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.client;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.pgtrickle.wire.backend.BackendMessage;
import io.pgtrickle.wire.backend.Report;
import java.util.Map;

/** A client's place at the admin console; on the client's event loop. */
final class ConsoleSeat implements Console.Client {

    private final ClientSession session;
    private final Console.Session commands;

    /** @param admin whether the client may do more than look */
    ConsoleSeat(ClientSession session, Console console, String user, boolean admin) {
        this.session = session;
        this.commands = console.open(user, admin, this);
    }

    /** What the client is told when it comes in. */
    Map<String, String> parameters() {
        return commands.parameters();
    }

    void message(byte type, ByteBuf frame) {
        commands.message(type, frame);
    }

    /** The client is gone. */
    void closed() {
        commands.closed();
    }

    @Override
    public void send(BackendMessage message) {
        session.send(message);
    }

    @Override
    public void flush() {
        session.flush();
    }

    @Override
    public void pause() {
        session.reader().pause();
    }

    @Override
    public void resume() {
        session.resumeInput();
    }

    @Override
    public void fatal(Report report) {
        session.fatal(report);
    }

    @Override
    public void leave() {
        session.leaveConsole();
    }

    @Override
    public EventLoop loop() {
        return session.channel().eventLoop();
    }
}
