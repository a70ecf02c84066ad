// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.dvm.engine.CommandOutcome;
import io.pgtrickle.proxy.backend.ReplyQueue;
import io.pgtrickle.proxy.backend.ReplyQueue.Kind;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.backend.ServerLink;
import io.pgtrickle.sql.statement.SqlStatement;
import io.pgtrickle.sql.statement.SqlStatement.FunctionCall;
import io.pgtrickle.sql.statement.SqlStatement.Passthrough;
import io.pgtrickle.sql.statement.SqlStatement.StreamTableCommand;
import io.pgtrickle.wire.backend.BackendMessage.CommandComplete;
import io.pgtrickle.wire.backend.BackendType;
import io.pgtrickle.wire.backend.Report;
import io.pgtrickle.wire.codec.FrameHandler.Action;
import io.pgtrickle.wire.codec.ProtocolViolationException;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import io.pgtrickle.wire.frontend.FrontendMessage.Close;
import io.pgtrickle.wire.frontend.FrontendMessage.Describe;
import io.pgtrickle.wire.frontend.FrontendMessage.Execute;
import io.pgtrickle.wire.frontend.FrontendMessage.Flush;
import io.pgtrickle.wire.frontend.FrontendMessage.Parse;
import io.pgtrickle.wire.frontend.FrontendMessage.Sync;
import io.pgtrickle.wire.frontend.FrontendMessage.Target;
import io.pgtrickle.wire.frontend.FrontendType;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * A simple Query that holds a command of ours, run statement by statement in the extended protocol with a single Sync at the end: so the
 * statements share an implicit transaction exactly as in a simple Query. It uses the unnamed statement and portal, which a simple Query
 * destroys anyway. Replies a simple Query does not have are dropped, error positions are moved back to the whole string. The last
 * CommandComplete of ours waits until the transaction is committed, as PostgreSQL's would.
 *
 * <p>Two differences remain: a syntax error in a later statement is found when its turn comes, not before the first one runs; and a SET
 * of client_encoding or standard_conforming_strings amid the string changes how PostgreSQL reads the rest of it.
 */
final class SplitQuery {

    private static final String UNNAMED = "";
    private static final Bind NO_PARAMETERS = new Bind(UNNAMED, UNNAMED, List.of(), List.of(), List.of());

    private final Interceptor interceptor;
    private final EngineWork work;
    private final SessionPort session;
    private final ServerLink link;
    private final CommandReplies replies;
    private final String text;
    private final List<SqlStatement> statements;
    private final ReplyQueue.Outcome end;

    private int next;
    /** Characters (as PostgreSQL counts them) before the statement that is running. */
    private int offset;
    /** The client is sending COPY data; its input is not paused then. */
    private boolean copying;

    private Optional<String> heldTag = Optional.empty();

    SplitQuery(
            Interceptor interceptor,
            EngineWork work,
            SessionPort session,
            ServerLink link,
            String text,
            List<SqlStatement> statements,
            ReplyQueue.Outcome end) {
        this.interceptor = interceptor;
        this.work = work;
        this.session = session;
        this.link = link;
        this.replies = new CommandReplies(session, link);
        this.text = text;
        this.statements = statements;
        this.end = end;
    }

    private ServerConnection server() {
        return link.server();
    }

    void start() {
        if (statements.size() > 1 && server().status() == 'I') {
            openBlock();
        }
        step();
    }

    /** After any statement of a pipeline PostgreSQL treats the rest as a transaction block, as it does for several in a Query. */
    private void openBlock() {
        server().send(new Parse(UNNAMED, "SHOW transaction_isolation", List.of()), Owner.PROXY);
        server().send(NO_PARAMETERS, Owner.PROXY);
        server().send(new Execute(UNNAMED, 0), Owner.PROXY);
    }

    /** The next statement, or the end; everything before has been answered. */
    void step() {
        copying = false;
        session.reader().pause();
        if (server().replies().isSkipping() || next == statements.size()) {
            finish();
            return;
        }
        SqlStatement statement = statements.get(next++);
        offset = text.codePointCount(0, statement.span().start());
        switch (statement) {
            case Passthrough passthrough -> pass(passthrough);
            case StreamTableCommand command -> {
                if (CommandRun.needsCatalog(command) && interceptor.mayRun()) {
                    work.prepareCatalog(true, () -> prepare(command));
                } else {
                    prepare(command);
                }
            }
        }
    }

    private void pass(Passthrough statement) {
        server().send(new Parse(UNNAMED, statement.span().of(text), List.of()), Owner.SPLIT);
        server().send(NO_PARAMETERS, Owner.SPLIT);
        describe();
        execute();
    }

    private void execute() {
        server().send(new Execute(UNNAMED, 0), Owner.SPLIT);
        interceptor.onceAnswered(this::step);
    }

    private void describe() {
        server().send(new Describe(Target.PORTAL, UNNAMED), Owner.SPLIT);
    }

    /** The server checks the statement, and says what its result looks like. */
    private void prepare(StreamTableCommand command) {
        boolean call = command instanceof FunctionCall function && function.call();
        String statement = command.span().of(text);
        server().send(new Parse(UNNAMED, call ? interceptor.asSelect(statement) : statement, List.of()), Owner.SPLIT);
        server().send(NO_PARAMETERS, Owner.SPLIT);
        if (!call) {
            describe();
        }
        work.prepare(command);
        interceptor.onceAnswered(() -> run(command, call));
    }

    private void run(StreamTableCommand command, boolean call) {
        if (server().replies().isSkipping()) {
            finish();
            return;
        }
        work.run(command, NO_PARAMETERS, List.of(), outcome -> finished(outcome, call), this::step);
    }

    private void finished(CommandOutcome outcome, boolean call) {
        switch (outcome) {
            case CommandOutcome.NotOurs _ -> execute();
            case CommandOutcome.Completed completed -> {
                if (!call) {
                    replies.sendRows(CommandReplies.rows(completed));
                }
                completed(completed.commandTag());
                step();
            }
        }
    }

    private void completed(String tag) {
        if (next == statements.size()) {
            heldTag = Optional.of(tag);
        } else {
            session.send(new CommandComplete(tag));
        }
    }

    private void finish() {
        // A simple Query leaves no unnamed statement or portal behind.
        server().send(new Close(Target.PORTAL, UNNAMED), Owner.SPLIT);
        server().send(new Close(Target.STATEMENT, UNNAMED), Owner.SPLIT);
        server().send(new Sync(), Owner.HELD);
        interceptor.tidy();
        interceptor.onceReady(this::ended);
    }

    private void ended() {
        end.done(true);
        interceptor.splitDone();
    }

    // What the server answers.

    void reply(byte type, ByteBuf frame) {
        switch (type) {
            case BackendType.ERROR_RESPONSE, BackendType.NOTICE_RESPONSE -> {
                if (type == BackendType.ERROR_RESPONSE) {
                    heldTag = Optional.empty();
                }
                Report report = Report.read(frame, server().charset());
                session.send(report.field(Report.POSITION)
                        .map(position -> report.with(Report.POSITION, String.valueOf(Integer.parseInt(position) + offset)))
                        .orElse(report));
            }
            case BackendType.READY_FOR_QUERY, BackendType.NOTIFICATION_RESPONSE, BackendType.PARAMETER_STATUS -> {
                // All of these come after a successful commit.
                heldTag.ifPresent(tag -> session.send(new CommandComplete(tag)));
                heldTag = Optional.empty();
                session.forward(frame.retainedDuplicate());
            }
            case BackendType.COPY_IN_RESPONSE -> {
                session.forward(frame.retainedDuplicate());
                copying = true;
                session.resumeInput();
            }
            default -> session.forward(frame.retainedDuplicate());
        }
    }

    // What the client sends during COPY.

    Action begin(byte type) {
        return switch (type) {
            case FrontendType.COPY_DATA -> Action.FORWARD;
            case FrontendType.FLUSH, FrontendType.SYNC -> Action.DISCARD;
            case FrontendType.COPY_DONE, FrontendType.COPY_FAIL, FrontendType.TERMINATE -> Action.TAKE;
            default -> throw new ProtocolViolationException(
                    "unexpected message type 0x%02X during COPY from stdin".formatted(type));
        };
    }

    /** The end of the data; its Flush brings the reply, as the server has ignored the one before the data. */
    void take(byte type, ByteBuf frame) {
        if (copying) {
            copying = false;
            session.reader().pause();
        }
        server().replies().expect(Kind.COPY_END, Owner.SPLIT);
        server().write(frame.retainedDuplicate());
        server().send(new Flush(), Owner.SPLIT);
        server().flush();
    }
}
