// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.pgtrickle.proxy.backend.ReplyQueue;
import io.pgtrickle.proxy.backend.ReplyQueue.Kind;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.backend.ServerLink;
import io.pgtrickle.proxy.prepared.SharedStatements;
import io.pgtrickle.proxy.state.SessionState;
import io.pgtrickle.proxy.state.StateWords;
import io.pgtrickle.sql.lexer.SqlLexer;
import io.pgtrickle.sql.lexer.Token;
import io.pgtrickle.sql.statement.SqlStatement;
import io.pgtrickle.sql.statement.SqlStatement.StreamTableCommand;
import io.pgtrickle.wire.backend.BackendMessage.ReadyForQuery;
import io.pgtrickle.wire.backend.BackendMessage.Signal;
import io.pgtrickle.wire.backend.BackendType;
import io.pgtrickle.wire.backend.Report;
import io.pgtrickle.wire.codec.FrameHandler;
import io.pgtrickle.wire.codec.Frames;
import io.pgtrickle.wire.codec.ProtocolViolationException;
import io.pgtrickle.wire.frontend.FrontendMessage.Close;
import io.pgtrickle.wire.frontend.FrontendMessage.Describe;
import io.pgtrickle.wire.frontend.FrontendMessage.Execute;
import io.pgtrickle.wire.frontend.FrontendMessage.Flush;
import io.pgtrickle.wire.frontend.FrontendMessage.Parse;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import io.pgtrickle.wire.frontend.FrontendMessage.Target;
import io.pgtrickle.wire.frontend.FrontendType;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a ready session's client sends, on its way to the server. Everything passes, with one exception: the Execute of a portal whose
 * statement is a command of ours is carried out by the engine. Parse, Bind, Describe and Close of such statements go to the server like
 * all others, which checks them and answers. A simple Query with a command of ours is run statement by statement, see
 * {@link SplitQuery}.
 *
 * Only Query and Parse are searched for our words, up to {@link #MAX_INSPECTED} bytes; names in Bind, Describe, Execute and Close are
 * looked at only in sessions that have prepared a command of ours, or share their connection. Lives on the session's event loop.
 */
public final class Interceptor implements FrameHandler {

    /** Longer statements pass without being looked at. */
    static final int MAX_INSPECTED = 1 << 20;

    private final SessionPort session;
    private final ServerLink link;
    private final PreparedNames names = new PreparedNames();
    private final WireSqlSession sql;
    private final EngineWork work;
    private final PreparedCommands commands;
    private final StatementNames statements;
    private final NamingQueries naming;
    private final @Nullable SessionState state;
    /** Of the message that is about to be taken. */
    private final Inspection inspection;

    private @Nullable SplitQuery split;
    /** To be done when the server owes nothing any more. */
    private @Nullable Runnable onceAnswered;
    /** To be done instead if the server asks for COPY data, which has to come from the client. */
    private @Nullable Runnable onceCopying;

    /** On a connection of the session's own. */
    public Interceptor(SessionPort session, ServerLink link, EngineCalls engines) {
        this(session, link, engines, null, StatementNames.untouched(link));
    }

    /**
     * On connections that the session shares with others.
     *
     * @param limit how many prepared statements a connection keeps
     */
    public Interceptor(
            SessionPort session, ServerLink link, EngineCalls engines, SessionState state, SharedStatements shared, int limit) {
        this(session, link, engines, state, new SessionStatements(link, shared, state, limit));
    }

    private Interceptor(
            SessionPort session, ServerLink link, EngineCalls engines, @Nullable SessionState state, StatementNames statements) {
        this.session = session;
        this.link = link;
        this.state = state;
        this.statements = statements;
        this.naming = new NamingQueries(this, link, statements);
        this.sql = new WireSqlSession(link, session);
        this.work = new EngineWork(engines, session, link, sql);
        this.inspection = new Inspection(link, state, work::hasSeenCatalog);
        this.commands = new PreparedCommands(this, session, link, statements, names, work);
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
        boolean named = names.any() || statements.renames();
        return switch (type) {
            case FrontendType.QUERY -> inspected || statements.renames() && !server().replies().isCopyingIn() ? Action.LOOK : passUnseen(Kind.QUERY);
            case FrontendType.PARSE -> inspected || statements.renames() ? Action.LOOK : passUnseen(Kind.PARSE);
            case FrontendType.BIND -> named && inspected ? Action.LOOK : statements.renames() ? Action.HEAD : passUnseen(Kind.BIND);
            case FrontendType.DESCRIBE -> named ? Action.LOOK : pass(Kind.DESCRIBE);
            case FrontendType.EXECUTE -> names.any() || statements.hasDroppingPortals() ? Action.LOOK : pass(Kind.EXECUTE);
            case FrontendType.CLOSE -> named ? Action.LOOK : pass(Kind.CLOSE);
            case FrontendType.SYNC -> sql.hasLeftover() ? Action.TAKE : pass(Kind.SYNC);
            case FrontendType.FUNCTION_CALL -> pass(Kind.FUNCTION_CALL);
            case FrontendType.COPY_DONE, FrontendType.COPY_FAIL -> pass(Kind.COPY_END);
            case FrontendType.TERMINATE -> Action.TAKE;
            case FrontendType.COPY_DATA -> {
                server().replies().copyData();
                yield Action.FORWARD;
            }
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

    private Action pass(Kind kind, ReplyQueue.@Nullable Outcome outcome) {
        server().replies().expect(kind, Owner.CLIENT, outcome);
        return Action.FORWARD;
    }

    /** Too long to be looked at. Only the unnamed statement and portal can be replaced without being closed first. */
    private Action passUnseen(Kind kind) {
        if (kind == Kind.QUERY) {
            suspect();
            statements.query();
        }
        if (kind == Kind.QUERY || !names.any()) {
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
                case FrontendType.EXECUTE -> lookAtExecute(Execute.read(frame).portal());
                case FrontendType.DESCRIBE -> lookAtDescribe(Describe.read(frame));
                case FrontendType.CLOSE -> lookAtClose(Close.read(frame));
                default -> throw new IllegalStateException("nothing to look at in " + type);
            };
        } catch (ProtocolViolationException malformed) {
            return pass(Kind.of(type)); // well framed, so the server says what is wrong with it
        }
    }

    private Action lookAtQuery(ByteBuf frame) {
        inspection.ofQuery(frame);
        if (statements.renames()) {
            inspection.wordsOfQuery(frame);
        }
        if (inspection.isConcerned() || inspection.words().names()) {
            return Action.TAKE;
        }
        statements.query();
        return pass(Kind.QUERY);
    }

    private Action lookAtParse(ByteBuf frame) {
        inspection.ofParse(frame);
        if (!inspection.isConcerned() && !names.any() && !statements.renames()) {
            return pass(Kind.PARSE);
        }
        ByteBuf body = frame.duplicate().skipBytes(Frames.HEADER_BYTES);
        String statement = Frames.readString(body, Frames.NAMES);
        if (statements.renames()) {
            inspection.wordsOfParse(frame, body.readerIndex());
            return Action.TAKE;
        }
        return inspection.isConcerned() ? Action.TAKE : pass(Kind.PARSE, naming(statement));
    }

    /** That a statement is none of ours any more; null if it never was one. */
    private ReplyQueue.@Nullable Outcome naming(String statement) {
        return names.statement(statement) == null ? null : names.statementBecomes(statement, null);
    }

    private void suspect() {
        if (state != null) {
            state.suspect();
        }
    }

    private Action lookAtBind(ByteBuf frame) {
        ByteBuf peek = frame.duplicate().skipBytes(Frames.HEADER_BYTES);
        String portal = Frames.readString(peek, Frames.NAMES);
        String statement = Frames.readString(peek, Frames.NAMES);
        if (statements.renames() || names.statement(statement) != null) {
            return Action.TAKE;
        }
        return names.portal(portal) == null ? pass(Kind.BIND) : pass(Kind.BIND, names.portalBecomes(portal, null));
    }

    private Action lookAtExecute(String portal) {
        return names.portal(portal) == null ? pass(Kind.EXECUTE, statements.executing(portal)) : Action.TAKE;
    }

    private Action lookAtDescribe(Describe describe) {
        if (statements.renames() && describe.target() == Target.STATEMENT) {
            return Action.TAKE;
        }
        if (describe.target() == Target.PORTAL && statements.renames()) {
            statements.describingPortal(describe.name(), describer(describe));
        } else {
            server().replies().expect(Kind.DESCRIBE, describer(describe));
        }
        return Action.FORWARD;
    }

    private Owner describer(Describe describe) {
        PreparedNames.Statement statement =
                switch (describe.target()) {
                    case STATEMENT -> names.statement(describe.name());
                    case PORTAL -> names.statementOfPortal(describe.name());
                };
        return statement != null && statement.isCall() ? Owner.NO_DATA : Owner.CLIENT;
    }

    private Action lookAtClose(Close close) {
        return switch (close.target()) {
            case STATEMENT -> statements.renames() ? Action.TAKE : pass(Kind.CLOSE, naming(close.name()));
            case PORTAL -> pass(Kind.CLOSE, names.portal(close.name()) == null ? null : names.portalBecomes(close.name(), null));
        };
    }

    /** The beginning of a Bind with long values. */
    @Override
    public void head(byte type, ByteBuf head) {
        ByteBuf peek = head.duplicate().skipBytes(Frames.HEADER_BYTES);
        Frames.readString(peek, Frames.NAMES);
        settled(Frames.readString(peek, Frames.NAMES), head, Kind.BIND, message ->
                statements.bind(message, names.any() ? names.portalBecomes("", null) : null));
    }

    /** Has a message wait if what it names depends on the outcome of an earlier pipeline. */
    private void settled(String statement, ByteBuf message, Kind kind, Consumer<ByteBuf> handler) {
        settled(statements.isUnsettled(statement), message, kind, handler);
    }

    private void settled(boolean unsettled, ByteBuf message, Kind kind, Consumer<ByteBuf> handler) {
        if (unsettled) {
            again(message, kind, settled -> passOn(() -> handler.accept(settled)));
        } else {
            handler.accept(message);
        }
    }

    @Override
    public void take(byte type, ByteBuf frame) {
        SplitQuery copying = split;
        if (copying != null && type != FrontendType.TERMINATE) {
            copying.take(type, frame);
            return;
        }
        switch (type) {
            case FrontendType.QUERY -> takeQuery(frame);
            case FrontendType.PARSE -> takeParse(frame);
            case FrontendType.BIND -> takeBind(frame);
            case FrontendType.DESCRIBE -> {
                Describe describe = Describe.read(frame.duplicate());
                settled(describe.name(), frame, Kind.DESCRIBE, message -> statements.describe(message, describer(describe)));
            }
            case FrontendType.CLOSE -> {
                String name = Close.read(frame.duplicate()).name();
                settled(name, frame, Kind.CLOSE, message -> statements.close(message, naming(name)));
            }
            case FrontendType.EXECUTE -> commands.execute(Execute.read(frame));
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

    private void takeQuery(ByteBuf frame) {
        NamesInSql named = inspection.namesInQuery(frame);
        if (inspection.isConcerned() || naming.mustWait(named)) {
            again(frame, Kind.QUERY, this::query);
        } else {
            passQuery(frame, named, () -> {});
        }
    }

    private void takeParse(ByteBuf frame) {
        if (inspection.isConcerned()) {
            again(frame, Kind.PARSE, this::parse);
        } else {
            String name = Frames.readString(frame.duplicate().skipBytes(Frames.HEADER_BYTES), Frames.NAMES);
            StateWords words = inspection.words();
            boolean suspect = words.suspect() || words.ends();
            NamesInSql named = inspection.namesInParse(frame);
            boolean unsettled = statements.isUnsettled(name) || named.executes() && statements.isUnsettled(named);
            settled(unsettled, frame, Kind.PARSE, message -> statements.parse(message, suspect, named, naming(name)));
        }
    }

    private void takeBind(ByteBuf frame) {
        ByteBuf peek = frame.duplicate().skipBytes(Frames.HEADER_BYTES);
        Frames.readString(peek, Frames.NAMES);
        settled(Frames.readString(peek, Frames.NAMES), frame, Kind.BIND, message -> {
            if (names.any()) {
                commands.bind(message);
            } else {
                statements.bind(message, null);
            }
        });
    }

    /** Reads a message once more when all before it is answered, as settings may have changed meanwhile. */
    private void again(ByteBuf frame, Kind kind, Consumer<ByteBuf> reader) {
        ByteBuf message = Unpooled.wrappedBuffer(ByteBufUtil.getBytes(frame));
        session.reader().pause();
        onceCopying = () -> {
            server().replies().expect(kind, Owner.CLIENT);
            server().write(message);
            session.resumeInput();
        };
        onceAnswered(() -> reader.accept(message));
    }

    private void query(ByteBuf message) {
        boolean ours = inspection.isQueryOurs(message);
        NamesInSql named = inspection.namesInQuery(message);
        if (server().replies().isSkipping()) {
            session.resumeInput(); // as the server does, which waits for a Sync
        } else if (inspection.hasCommands()) {
            String text = Query.read(message, server().charset()).sql();
            statements.query();
            suspect();
            naming.bring(named);
            var started = new SplitQuery(this, work, session, link, text, inspection.statements(), naming.begin(named));
            split = started;
            started.start();
        } else if (ours) {
            work.prepareCatalog(false, () -> passQuery(message, named, session::resumeInput));
        } else {
            passQuery(message, named, session::resumeInput);
        }
    }

    private void parse(ByteBuf message) {
        boolean ours = inspection.isParseOurs(message);
        List<SqlStatement> found = inspection.statements();
        if (found.size() == 1 && found.getFirst() instanceof StreamTableCommand command) {
            Parse parse = Parse.read(message.duplicate(), server().charset());
            var statement = new PreparedNames.Statement(command);
            if (CommandRun.needsCatalog(command) && mayRun()) {
                work.prepareCatalog(true, () -> commands.prepare(parse, message, statement));
            } else {
                commands.prepare(parse, message, statement);
            }
        } else if (ours) {
            work.prepareCatalog(false, () -> passOn(() -> passParse(message)));
        } else {
            passOn(() -> passParse(message));
        }
    }

    private void passOn(Runnable message) {
        message.run();
        session.resumeInput();
    }

    private void passQuery(ByteBuf frame, NamesInSql named, Runnable then) {
        statements.query();
        naming.pass(frame, named, then);
    }

    private void passParse(ByteBuf frame) {
        String name = Frames.readString(frame.duplicate().skipBytes(Frames.HEADER_BYTES), Frames.NAMES);
        StateWords words = inspection.words();
        statements.parse(frame, words.suspect() || words.ends(), inspection.namesInParse(frame), naming(name));
    }

    /** The pgtrickle functions are functions, which PostgreSQL does not CALL. */
    String asSelect(String call) {
        Token first = SqlLexer.significantTokens(call, inspection.standardConformingStrings()).getFirst();
        return call.substring(0, first.start()) + "SELECT" + call.substring(first.end());
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

    /** How many prepared statements the session has, as far as we know. */
    public int preparedStatements() {
        return statements.count();
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
                if (!commands.reply(type, frame)) {
                    sql.reply(type, frame);
                }
            }
            case NO_DATA -> session.send(Signal.NO_DATA);
            case DESCRIBED -> {
                if (type == BackendType.ROW_DESCRIPTION) {
                    statements.described(frame.duplicate());
                }
                forwardReply(type, frame);
            }
            case SPLIT, HELD -> {
                SplitQuery current = split;
                if (current != null) {
                    current.reply(type, frame);
                } else {
                    session.forward(frame.retainedDuplicate());
                }
            }
            case CLIENT, PROXY -> forwardReply(type, frame);
            case SETUP -> throw new IllegalStateException("a reply to the session itself");
        }
    }

    private void forwardReply(byte type, ByteBuf frame) {
        if (type == BackendType.ERROR_RESPONSE && statements.renames()) {
            error(Report.read(frame.duplicate(), server().charset()), frame);
        } else {
            session.forward(frame.retainedDuplicate());
        }
    }

    /** On a shared connection. */
    private void error(Report report, ByteBuf frame) {
        if (report.field(Report.ROUTINE).equals(Optional.of("RevalidateCachedQuery"))) { // there was DDL that has not been seen
            session.ddlSeen();
        }
        Report known = statements.withOwnNames(report);
        if (known.equals(report)) {
            session.forward(frame.retainedDuplicate());
        } else {
            session.send(known);
        }
    }

    /** A command was carried out that concerns prepared statements. */
    public void completed(String tag) {
        if (ServerConnection.isDdl(tag)) {
            session.ddlSeen();
            return;
        }
        if (!tag.equals(ServerConnection.RESET)) {
            naming.dropped();
        }
        if (tag.equals(ServerConnection.DISCARD_ALL) || tag.equals(ServerConnection.DEALLOCATE_ALL)) {
            statements.deallocatedAll();
        }
        if (state != null && (tag.equals(ServerConnection.DISCARD_ALL) || tag.equals(ServerConnection.RESET))) {
            state.wasReset();
        }
    }

    /** A ReadyForQuery has come. */
    public void ready(char status) {
        if (status == 'I') {
            names.transactionEnded();
            statements.transactionEnded();
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
