// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.dvm.engine.CommandOutcome;
import io.pgtrickle.proxy.backend.ReplyQueue;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.backend.ServerLink;
import io.pgtrickle.wire.backend.BackendMessage.ParameterDescription;
import io.pgtrickle.wire.backend.BackendType;
import io.pgtrickle.wire.codec.ProtocolViolationException;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import io.pgtrickle.wire.frontend.FrontendMessage.Describe;
import io.pgtrickle.wire.frontend.FrontendMessage.Execute;
import io.pgtrickle.wire.frontend.FrontendMessage.Parse;
import io.pgtrickle.wire.frontend.FrontendMessage.Target;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Commands of ours in the extended protocol: prepared and bound on the server like all others, carried out by the engine.
 *
 * <pre>
 * Execute: input paused ─ Describe portal + Flush ─ all replies are in ─ engine call ─ its CommandComplete ─ input goes on
 *                                                     └ an error among them: the Execute is skipped, as the server does
 * </pre>
 */
final class PreparedCommands {

    private final Interceptor interceptor;
    private final SessionPort session;
    private final ServerLink link;
    private final StatementNames statements;
    private final PreparedNames names;
    private final EngineWork work;
    private final CommandReplies replies;
    /** Commands whose parameter types the server is being asked for. */
    private final ArrayDeque<PreparedNames.Statement> describing = new ArrayDeque<>();

    PreparedCommands(
            Interceptor interceptor,
            SessionPort session,
            ServerLink link,
            StatementNames statements,
            PreparedNames names,
            EngineWork work) {
        this.interceptor = interceptor;
        this.session = session;
        this.link = link;
        this.statements = statements;
        this.names = names;
        this.work = work;
        this.replies = new CommandReplies(session, link);
    }

    private ServerConnection server() {
        return link.server();
    }

    /** Sends the Parse of a command on, and asks for the types of its parameters if it has any. */
    void prepare(Parse parse, ByteBuf message, PreparedNames.Statement statement) {
        ReplyQueue.Outcome naming = names.statementBecomes(parse.statement(), statement);
        if (statement.isCall()) {
            ByteBuf select = server().channel().alloc().buffer();
            new Parse(parse.statement(), interceptor.asSelect(parse.sql()), parse.parameterTypes()).write(select, server().charset());
            statements.parse(select, true, NamesInSql.NONE, naming);
            select.release();
        } else {
            statements.parse(message, true, NamesInSql.NONE, naming);
        }
        if (parse.sql().indexOf('$') >= 0) {
            describing.add(statement);
            server().send(
                    new Describe(Target.STATEMENT, statements.onServer(parse.statement())),
                    Owner.ENGINE,
                    _ -> describing.remove(statement));
        }
        session.resumeInput();
    }

    /** Of a command of ours or over one. */
    void bind(ByteBuf frame) {
        Bind bind;
        try {
            bind = Bind.read(frame.duplicate());
        } catch (ProtocolViolationException malformed) {
            statements.bind(frame, null);
            return;
        }
        PreparedNames.Statement statement = names.statement(bind.statement());
        var portal = statement == null ? null : new PreparedNames.Portal(statement, bind);
        statements.bind(frame, names.portalBecomes(bind.portal(), portal));
    }

    /** The server is asked whether the portal is there, which also finds out a failed transaction. */
    void execute(Execute execute) {
        session.reader().pause();
        server().send(new Describe(Target.PORTAL, execute.portal()), Owner.PROXY);
        PreparedNames.Portal portal = names.portal(execute.portal());
        if (portal != null && portal.outcome() == null) {
            work.prepare(portal.statement().command());
        }
        interceptor.onceAnswered(() -> run(execute));
    }

    private void run(Execute execute) {
        PreparedNames.Portal portal = names.portal(execute.portal());
        if (server().replies().isSkipping()) {
            session.resumeInput();
        } else if (portal == null) {
            forward(execute);
        } else if (portal.outcome() == null) {
            work.run(
                    portal.statement().command(),
                    portal.bind(),
                    portal.statement().parameterTypes(),
                    outcome -> finish(execute, portal, outcome),
                    session::resumeInput);
        } else if (replies.hasRows(portal)) {
            replies.send(portal, execute.maxRows());
            session.resumeInput();
        } else {
            work.fail("55000", "portal \"" + execute.portal() + "\" cannot be run", session::resumeInput);
        }
    }

    private void finish(Execute execute, PreparedNames.Portal portal, CommandOutcome outcome) {
        switch (outcome) {
            case CommandOutcome.NotOurs _ -> forward(execute);
            case CommandOutcome.Completed completed -> {
                portal.complete(completed);
                replies.send(portal, execute.maxRows());
                session.resumeInput();
            }
        }
    }

    private void forward(Execute execute) {
        server().send(execute, Owner.CLIENT);
        session.resumeInput();
    }

    /** A reply to what was asked about a command. @return whether it was one */
    boolean reply(byte type, ByteBuf frame) {
        PreparedNames.@Nullable Statement described = describing.peek();
        if (described == null) {
            return false;
        }
        if (type == BackendType.PARAMETER_DESCRIPTION) {
            described.parameterTypes(ParameterDescription.read(frame).typeOids());
        } else if (type == BackendType.ERROR_RESPONSE || type == BackendType.NOTICE_RESPONSE) {
            session.forward(frame.retainedDuplicate());
        }
        return true;
    }
}
