// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.pgtrickle.dvm.engine.CommandOutcome;
import io.pgtrickle.proxy.backend.ReplyQueue;
import io.pgtrickle.proxy.backend.ReplyQueue.Kind;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.backend.ServerLink;
import io.pgtrickle.sql.lexer.SqlLexer;
import io.pgtrickle.sql.lexer.Token;
import io.pgtrickle.sql.statement.SqlStatement;
import io.pgtrickle.sql.statement.SqlStatement.StreamTableCommand;
import io.pgtrickle.sql.statement.StatementClassifier;
import io.pgtrickle.wire.backend.BackendMessage.ParameterDescription;
import io.pgtrickle.wire.backend.BackendMessage.ReadyForQuery;
import io.pgtrickle.wire.backend.BackendMessage.Signal;
import io.pgtrickle.wire.backend.BackendType;
import io.pgtrickle.wire.backend.Report;
import io.pgtrickle.wire.codec.FrameHandler;
import io.pgtrickle.wire.codec.Frames;
import io.pgtrickle.wire.codec.ProtocolViolationException;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import io.pgtrickle.wire.frontend.FrontendMessage.Close;
import io.pgtrickle.wire.frontend.FrontendMessage.Describe;
import io.pgtrickle.wire.frontend.FrontendMessage.Execute;
import io.pgtrickle.wire.frontend.FrontendMessage.Flush;
import io.pgtrickle.wire.frontend.FrontendMessage.Parse;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import io.pgtrickle.wire.frontend.FrontendMessage.Target;
import io.pgtrickle.wire.frontend.FrontendType;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a ready session's client sends, on its way to the server. Everything passes, with one exception: the Execute of a portal whose
 * statement is a command of ours is carried out by the engine. Parse, Bind, Describe and Close of such statements go to the server like
 * all others, which checks them and answers. A simple Query with a command of ours is run statement by statement, see
 * {@link SplitQuery}.
 *
 * <pre>
 * Execute of ours: input paused ─ Describe portal + Flush ─ all replies are in ─ engine call ─ its CommandComplete ─ input goes on
 *                                                            └ an error among them: the Execute is skipped, as the server does
 * </pre>
 *
 * Only Query and Parse are searched for our words, up to {@link #MAX_INSPECTED} bytes; names in Bind, Describe, Execute and Close are
 * looked at only in sessions that have prepared a command of ours. Lives on the session's event loop.
 */
public final class Interceptor implements FrameHandler {

    /** Longer statements pass without being looked at. */
    static final int MAX_INSPECTED = 1 << 20;

    private final SessionPort session;
    private final ServerLink link;
    private final StatementClassifier classifier = new StatementClassifier();
    private final PreparedNames names = new PreparedNames();
    private final WireSqlSession sql;
    private final EngineWork work;
    private final CommandReplies replies;
    /** Commands whose parameter types the server is being asked for. */
    private final ArrayDeque<PreparedNames.Statement> describing = new ArrayDeque<>();

    /** What the classifier said about the message that is about to be taken. */
    private List<SqlStatement> classified = List.of();

    private @Nullable SplitQuery split;
    /** To be done when the server owes nothing any more. */
    private @Nullable Runnable onceAnswered;
    /** To be done instead if the server asks for COPY data, which has to come from the client. */
    private @Nullable Runnable onceCopying;

    public Interceptor(SessionPort session, ServerLink link, EngineCalls engines) {
        this.session = session;
        this.link = link;
        this.sql = new WireSqlSession(link, session);
        this.work = new EngineWork(engines, session, link, sql);
        this.replies = new CommandReplies(session, link);
    }

    private ServerConnection server() {
        return link.server();
    }

    // What the client sends.

    @Override
    public Action begin(byte type, int length) {
        int longest = FrontendType.maxLength(type);
        if (longest < 0) {
            throw new ProtocolViolationException("invalid frontend message type " + (type & 0xff));
        }
        if (length > longest) {
            throw new ProtocolViolationException("invalid message length");
        }
        if (!link.isLinked() && !needsNoServer(type) && !session.requestServer()) {
            return Action.WAIT;
        }
        SplitQuery copying = split;
        if (copying != null) {
            return copying.begin(type);
        }
        if (!link.isLinked()) {
            return type == FrontendType.SYNC || type == FrontendType.TERMINATE ? Action.TAKE : Action.DISCARD;
        }
        // Amid COPY data whatever is no part of it is the server's to refuse.
        boolean inspected = length <= MAX_INSPECTED && !server().replies().isCopyingIn();
        return switch (type) {
            case FrontendType.QUERY -> inspected ? Action.LOOK : pass(Kind.QUERY);
            case FrontendType.PARSE -> inspected ? Action.LOOK : passUnseen(Kind.PARSE);
            case FrontendType.BIND -> names.any() && inspected ? Action.LOOK : passUnseen(Kind.BIND);
            case FrontendType.DESCRIBE -> names.any() ? Action.LOOK : pass(Kind.DESCRIBE);
            case FrontendType.EXECUTE -> names.any() ? Action.LOOK : pass(Kind.EXECUTE);
            case FrontendType.CLOSE -> names.any() ? Action.LOOK : pass(Kind.CLOSE);
            case FrontendType.SYNC -> sql.hasLeftover() ? Action.TAKE : pass(Kind.SYNC);
            case FrontendType.FUNCTION_CALL -> pass(Kind.FUNCTION_CALL);
            case FrontendType.COPY_DONE, FrontendType.COPY_FAIL -> pass(Kind.COPY_END);
            case FrontendType.TERMINATE -> Action.TAKE;
            default -> Action.FORWARD;
        };
    }

    /** Between transactions: what ends with nothing done, and what comes late after a COPY that failed. */
    private static boolean needsNoServer(byte type) {
        return switch (type) {
            case FrontendType.SYNC, FrontendType.FLUSH, FrontendType.TERMINATE,
                    FrontendType.COPY_DATA, FrontendType.COPY_DONE, FrontendType.COPY_FAIL -> true;
            default -> false;
        };
    }

    private Action pass(Kind kind) {
        server().replies().expect(kind, Owner.CLIENT);
        return Action.FORWARD;
    }

    private Action pass(Kind kind, ReplyQueue.Outcome outcome) {
        server().replies().expect(kind, Owner.CLIENT, outcome);
        return Action.FORWARD;
    }

    /** Too long to be looked at. Only the unnamed statement and portal can be replaced without being closed first. */
    private Action passUnseen(Kind kind) {
        if (!names.any()) {
            return pass(kind);
        }
        return pass(kind, kind == Kind.PARSE ? names.statementBecomes("", null) : names.portalBecomes("", null));
    }

    @Override
    public Action look(byte type, ByteBuf frame) {
        try {
            return switch (type) {
                case FrontendType.QUERY -> lookAtQuery(frame);
                case FrontendType.PARSE -> lookAtParse(frame);
                case FrontendType.BIND -> lookAtBind(frame);
                case FrontendType.EXECUTE ->
                    names.portal(Execute.read(frame).portal()) == null ? pass(Kind.EXECUTE) : Action.TAKE;
                case FrontendType.DESCRIBE -> lookAtDescribe(Describe.read(frame));
                case FrontendType.CLOSE -> lookAtClose(Close.read(frame));
                default -> throw new IllegalStateException("nothing to look at in " + type);
            };
        } catch (ProtocolViolationException malformed) {
            return pass(Kind.of(type)); // well framed, so the server says what is wrong with it
        }
    }

    private static boolean mayConcern(ByteBuf frame) {
        return StatementClassifier.mayConcern(
                frame.nioBuffer(frame.readerIndex() + Frames.HEADER_BYTES, frame.readableBytes() - Frames.HEADER_BYTES));
    }

    private Action lookAtQuery(ByteBuf frame) {
        return mayConcern(frame) && concerns(frame, buffer -> Query.read(buffer, server().charset()).sql())
                ? Action.TAKE
                : pass(Kind.QUERY);
    }

    private Action lookAtParse(ByteBuf frame) {
        boolean mayConcern = mayConcern(frame);
        if (!mayConcern && !names.any()) {
            return pass(Kind.PARSE);
        }
        String statement = Frames.readString(frame.duplicate().skipBytes(Frames.HEADER_BYTES), Frames.NAMES);
        return mayConcern && concerns(frame, buffer -> Parse.read(buffer, server().charset()).sql())
                ? Action.TAKE
                : passParse(statement);
    }

    private Action passParse(String statement) {
        return names.statement(statement) == null
                ? pass(Kind.PARSE)
                : pass(Kind.PARSE, names.statementBecomes(statement, null));
    }

    /** What is no text in the client's encoding is left to the server, which refuses it; unless that encoding may be about to change. */
    private boolean concerns(ByteBuf frame, Function<ByteBuf, String> reading) {
        try {
            return concerns(reading.apply(frame));
        } catch (ProtocolViolationException malformed) {
            classified = List.of();
            return !server().replies().isEmpty();
        }
    }

    private boolean concerns(String text) {
        classified = classifier.classify(text, standardConformingStrings());
        return classified.stream().anyMatch(StreamTableCommand.class::isInstance)
                || (!work.hasSeenCatalog() && StatementClassifier.namesPgtrickle(text, standardConformingStrings()));
    }

    private boolean standardConformingStrings() {
        return server().parameter("standard_conforming_strings").orElse("on").equals("on");
    }

    private Action lookAtBind(ByteBuf frame) {
        ByteBuf peek = frame.duplicate().skipBytes(Frames.HEADER_BYTES);
        String portal = Frames.readString(peek, Frames.NAMES);
        String statement = Frames.readString(peek, Frames.NAMES);
        if (names.statement(statement) != null) {
            return Action.TAKE;
        }
        return names.portal(portal) == null ? pass(Kind.BIND) : pass(Kind.BIND, names.portalBecomes(portal, null));
    }

    private Action lookAtDescribe(Describe describe) {
        PreparedNames.Statement statement =
                switch (describe.target()) {
                    case STATEMENT -> names.statement(describe.name());
                    case PORTAL -> names.statementOfPortal(describe.name());
                };
        server().replies().expect(Kind.DESCRIBE, statement != null && statement.isCall() ? Owner.NO_DATA : Owner.CLIENT);
        return Action.FORWARD;
    }

    private Action lookAtClose(Close close) {
        return pass(
                Kind.CLOSE,
                switch (close.target()) {
                    case STATEMENT -> names.statementBecomes(close.name(), null);
                    case PORTAL -> names.portalBecomes(close.name(), null);
                });
    }

    @Override
    public void take(byte type, ByteBuf frame) {
        SplitQuery copying = split;
        if (copying != null && type != FrontendType.TERMINATE) {
            copying.take(type, frame);
            return;
        }
        switch (type) {
            case FrontendType.QUERY -> again(frame, Kind.QUERY, this::query);
            case FrontendType.PARSE -> again(frame, Kind.PARSE, this::parse);
            case FrontendType.BIND -> takeBind(frame);
            case FrontendType.EXECUTE -> takeExecute(Execute.read(frame));
            case FrontendType.SYNC -> {
                if (!link.isLinked()) {
                    session.send(new ReadyForQuery('I'));
                    session.flush();
                    return;
                }
                server().replies().expect(Kind.SYNC, Owner.CLIENT);
                server().write(frame.retainedDuplicate());
                tidy();
            }
            case FrontendType.TERMINATE -> {
                if (!session.sharesServer()) {
                    server().write(frame.retainedDuplicate());
                }
                session.leave();
            }
            default -> throw new IllegalStateException("nothing to take in " + type);
        }
    }

    @Override
    public void forward(ByteBuf bytes) {
        server().write(bytes);
    }

    /** Reads a message once more when all before it is answered, as settings may have changed meanwhile. */
    private void again(ByteBuf frame, Kind kind, Consumer<ByteBuf> reader) {
        ByteBuf message = Unpooled.wrappedBuffer(ByteBufUtil.getBytes(frame));
        session.reader().pause();
        onceCopying = () -> passOn(kind, message);
        onceAnswered(() -> reader.accept(message));
    }

    private void passOn(Kind kind, ByteBuf message) {
        server().replies().expect(kind, Owner.CLIENT);
        server().write(message);
        session.resumeInput();
    }

    private void query(ByteBuf message) {
        boolean concerned = concerns(message.duplicate(), buffer -> Query.read(buffer, server().charset()).sql());
        List<SqlStatement> statements = classified;
        if (server().replies().isSkipping()) {
            session.resumeInput(); // as the server does, which waits for a Sync
        } else if (statements.stream().anyMatch(StreamTableCommand.class::isInstance)) {
            String text = Query.read(message, server().charset()).sql();
            var started = new SplitQuery(this, work, session, link, text, statements);
            split = started;
            started.start();
        } else if (concerned) {
            work.prepareCatalog(false, () -> passOn(Kind.QUERY, message));
        } else {
            passOn(Kind.QUERY, message);
        }
    }

    private void parse(ByteBuf message) {
        String name = Frames.readString(message.duplicate().skipBytes(Frames.HEADER_BYTES), Frames.NAMES);
        boolean concerned = concerns(message.duplicate(), buffer -> Parse.read(buffer, server().charset()).sql());
        if (classified.size() == 1 && classified.getFirst() instanceof StreamTableCommand command) {
            Parse parse = Parse.read(message.duplicate(), server().charset());
            var statement = new PreparedNames.Statement(command);
            if (CommandRun.needsCatalog(command) && mayRun()) {
                work.prepareCatalog(true, () -> prepare(parse, message, statement));
            } else {
                prepare(parse, message, statement);
            }
        } else if (concerned) {
            work.prepareCatalog(false, () -> passParse(name, message));
        } else {
            passParse(name, message);
        }
    }

    private void passParse(String statement, ByteBuf message) {
        passParse(statement);
        server().write(message);
        session.resumeInput();
    }

    /** Sends the Parse of a command on, and asks for the types of its parameters if it has any. */
    private void prepare(Parse parse, ByteBuf message, PreparedNames.Statement statement) {
        ReplyQueue.Outcome naming = names.statementBecomes(parse.statement(), statement);
        if (statement.isCall()) {
            server().send(new Parse(parse.statement(), asSelect(parse.sql()), parse.parameterTypes()), Owner.CLIENT, naming);
        } else {
            server().replies().expect(Kind.PARSE, Owner.CLIENT, naming);
            server().write(message);
        }
        if (parse.sql().indexOf('$') >= 0) {
            describing.add(statement);
            server().send(new Describe(Target.STATEMENT, parse.statement()), Owner.ENGINE, _ -> describing.remove(statement));
        }
        session.resumeInput();
    }

    /** The pgtrickle functions are functions, which PostgreSQL does not CALL. */
    String asSelect(String call) {
        Token first = SqlLexer.significantTokens(call, standardConformingStrings()).getFirst();
        return call.substring(0, first.start()) + "SELECT" + call.substring(first.end());
    }

    private void takeBind(ByteBuf frame) {
        Bind bind;
        try {
            bind = Bind.read(frame.duplicate());
        } catch (ProtocolViolationException malformed) {
            server().replies().expect(Kind.BIND, Owner.CLIENT);
            server().write(frame.retainedDuplicate());
            return;
        }
        PreparedNames.Statement statement = names.statement(bind.statement());
        var portal = statement == null ? null : new PreparedNames.Portal(statement, bind);
        server().replies().expect(Kind.BIND, Owner.CLIENT, names.portalBecomes(bind.portal(), portal));
        server().write(frame.retainedDuplicate());
    }

    /** The server is asked whether the portal is there, which also finds out a failed transaction. */
    private void takeExecute(Execute execute) {
        session.reader().pause();
        server().send(
                new Describe(Target.PORTAL, execute.portal()), Owner.PROXY);
        PreparedNames.Portal portal = names.portal(execute.portal());
        if (portal != null && portal.outcome() == null) {
            work.prepare(portal.statement().command());
        }
        onceAnswered(() -> execute(execute));
    }

    private void execute(Execute execute) {
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

    /** Whether the transaction has not failed, as far as is known. */
    boolean mayRun() {
        return server().status() != 'E' && !server().replies().isSkipping();
    }

    /** Goes on when all replies are in; Flush makes the server send them. */
    void onceAnswered(Runnable then) {
        server().send(new Flush(), Owner.PROXY);
        onceReady(then);
    }

    /** The same behind a Sync, where a Flush would end the server's being idle, and with it the timeouts of idle sessions. */
    void onceReady(Runnable then) {
        server().flush();
        onceAnswered = then;
        received();
    }

    /** After a Sync: the engine's statement goes if an error has left it there. */
    void tidy() {
        if (sql.hasLeftover()) {
            sql.closeLeftover();
        }
    }

    void splitDone() {
        split = null;
        session.resumeInput();
    }

    /** Whether something of the client's is under way. */
    public boolean isBusy() {
        return work.isUnderWay() || split != null || (link.isLinked() && !server().replies().isEmpty());
    }

    /** The client wants it cancelled. */
    public void cancelling() {
        if (work.isUnderWay() && server().replies().isEmpty()) {
            sql.cancelNext();
        }
    }

    // What the server sends.

    public void reply(Owner owner, byte type, ByteBuf frame) {
        switch (owner) {
            case ENGINE -> {
                PreparedNames.Statement described = describing.peek();
                if (described == null) {
                    sql.reply(type, frame);
                } else if (type == BackendType.PARAMETER_DESCRIPTION) {
                    described.parameterTypes(ParameterDescription.read(frame).typeOids());
                } else if (type == BackendType.ERROR_RESPONSE || type == BackendType.NOTICE_RESPONSE) {
                    session.forward(frame.retainedDuplicate());
                }
            }
            case NO_DATA -> session.send(Signal.NO_DATA);
            case SPLIT, HELD -> {
                SplitQuery current = split;
                if (current != null) {
                    current.reply(type, frame);
                } else {
                    session.forward(frame.retainedDuplicate());
                }
            }
            case CLIENT, PROXY -> session.forward(frame.retainedDuplicate());
            case SETUP -> setupReply(type, frame);
        }
    }

    /** What we asked the server on the client's behalf has failed: nothing can be promised to the client any more. */
    private void setupReply(byte type, ByteBuf frame) {
        if (type == BackendType.ERROR_RESPONSE) {
            Report report = Report.read(frame.duplicate(), server().charset());
            if (report.isFatal()) { // whatever it was about
                session.forward(frame.retainedDuplicate());
                return;
            }
            session.fatal(Report.fatal(report.field(Report.SQL_STATE).orElse("XX000"), "could not restore the session's parameters")
                    .with(Report.DETAIL, report.field(Report.MESSAGE).orElse("")));
        }
    }

    /** A ReadyForQuery has come. */
    public void ready(char status) {
        if (status == 'I') {
            names.transactionEnded();
        }
    }

    /** Replies have come. */
    public void received() {
        Runnable then = server().replies().isEmpty() ? onceAnswered : server().replies().isCopyingIn() ? onceCopying : null;
        if (then != null) {
            onceAnswered = null;
            onceCopying = null;
            then.run();
        }
    }

    /** The server connection has ended. */
    public void closed() {
        onceAnswered = null;
        onceCopying = null;
        sql.closed();
    }
}
