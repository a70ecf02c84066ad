// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.dvm.error.EngineException;
import io.pgtrickle.dvm.error.ErrorCode;
import io.pgtrickle.dvm.session.ServerError;
import io.pgtrickle.dvm.session.SessionClosedException;
import io.pgtrickle.dvm.session.SqlFailure;
import io.pgtrickle.dvm.session.SqlResult;
import io.pgtrickle.dvm.session.SqlSession;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.backend.ServerLink;
import io.pgtrickle.sql.render.Quoting;
import io.pgtrickle.wire.backend.BackendMessage.CommandComplete;
import io.pgtrickle.wire.backend.BackendMessage.DataRow;
import io.pgtrickle.wire.backend.BackendMessage.RowDescription;
import io.pgtrickle.wire.backend.BackendType;
import io.pgtrickle.wire.backend.Report;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import io.pgtrickle.wire.frontend.FrontendMessage.Close;
import io.pgtrickle.wire.frontend.FrontendMessage.Describe;
import io.pgtrickle.wire.frontend.FrontendMessage.Execute;
import io.pgtrickle.wire.frontend.FrontendMessage.Flush;
import io.pgtrickle.wire.frontend.FrontendMessage.Parse;
import io.pgtrickle.wire.frontend.FrontendMessage.Sync;
import io.pgtrickle.wire.frontend.FrontendMessage.Target;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The engine's SQL over a client's own server connection: extended protocol with names of its own, Flush and never Sync, so that the
 * client's unnamed statement and its transaction stay as they are. Statements are called for on the engine's virtual thread, sent and
 * answered on the session's event loop. Errors and notices go to the client as well, without the fields that speak of our own SQL.
 */
final class WireSqlSession implements SqlSession {

    private static final String NAME = "pgtrickle_engine";

    /** Positions and contexts in SQL the user has not written. */
    private static final Set<Character> OUR_OWN = Set.of(
            Report.POSITION,
            Report.INTERNAL_POSITION,
            Report.INTERNAL_QUERY,
            Report.WHERE,
            Report.FILE,
            Report.LINE,
            Report.ROUTINE);

    /** One statement under way; filled in on the event loop. */
    private static final class Call {
        private final String sql;
        private final List<Integer> types;
        private final Function<Charset, Bind> bind;
        private final CompletableFuture<SqlResult> result = new CompletableFuture<>();
        private List<String> columns = List.of();
        private final List<List<@Nullable String>> rows = new ArrayList<>();
        private String tag = "";

        Call(String sql, List<Integer> types, Function<Charset, Bind> bind) {
            this.sql = sql;
            this.types = types;
            this.bind = bind;
        }
    }

    private final ServerLink link;
    private final SessionPort session;

    private @Nullable Call call;
    /** Answered from memory if the engine begins with it. */
    private final AtomicReference<@Nullable Call> sentAhead = new AtomicReference<>();
    /** What the server has failed with since {@link #begin}; set on the event loop before the engine hears of it. */
    private volatile @Nullable ServerError failure;
    private boolean closed;
    private boolean leftover;
    private boolean cancelled;

    WireSqlSession(ServerLink link, SessionPort session) {
        this.link = link;
        this.session = session;
    }

    private ServerConnection server() {
        return link.server();
    }

    // On the engine's thread.

    @Override
    public SqlResult execute(String sql, List<@Nullable String> parameters) {
        return run(new Call(sql, List.of(), charset -> Bind.ofText(NAME, NAME, parameters, charset)));
    }

    /** The same with parameters as a client bound them; results are text. */
    SqlResult execute(String sql, List<Integer> types, List<Short> formats, List<byte @Nullable []> values) {
        return run(new Call(sql, types, _ -> new Bind(NAME, NAME, formats, values, List.of())));
    }

    @Override
    public boolean isEngineRole() {
        return false;
    }

    /** Whether the server has failed a statement of the command that is being carried out. */
    boolean failed() {
        return failure != null;
    }

    /** Has the server raise an error, in any database; it fails the transaction like every other. */
    SqlFailure raise(Throwable cause) {
        try {
            execute("DO " + Quoting.literal("BEGIN RAISE EXCEPTION USING " + raised(cause) + "; END"));
        } catch (SqlFailure raised) {
            return raised;
        }
        throw new IllegalStateException("the server did not raise: " + cause.getMessage(), cause);
    }

    private static String raised(Throwable cause) {
        return switch (cause) {
            case EngineException e ->
                raised(e.code().sqlState(), String.valueOf(e.getMessage()), e.detail(), e.hint());
            case SqlFailure e -> raised(e.sqlState(), e.error().message(), e.error().detail(), e.error().hint());
            default -> raised(ErrorCode.INTERNAL.sqlState(), "internal error: " + cause, Optional.empty(), Optional.empty());
        };
    }

    private static String raised(String sqlState, String message, Optional<String> detail, Optional<String> hint) {
        var options = new StringBuilder("ERRCODE = ").append(Quoting.literal(sqlState));
        options.append(", MESSAGE = ").append(Quoting.literal(message));
        detail.ifPresent(text -> options.append(", DETAIL = ").append(Quoting.literal(text)));
        hint.ifPresent(text -> options.append(", HINT = ").append(Quoting.literal(text)));
        return options.toString();
    }

    private SqlResult run(Call wanted) {
        Call ahead = sentAhead.getAndSet(null);
        Call asked = ahead != null && ahead.sql.equals(wanted.sql) ? ahead : wanted;
        try {
            if (asked == wanted) {
                server().channel().eventLoop().execute(() -> start(wanted));
            }
            return asked.result.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException known ? known : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SessionClosedException("interrupted", e);
        } catch (RejectedExecutionException e) {
            throw new SessionClosedException("the proxy is shutting down", e);
        }
    }

    // On the event loop.

    /** The engine begins with a command. */
    void begin() {
        failure = null;
        cancelled = false;
    }

    /** The client wants its command cancelled while the server is not at work on it: the next statement fails. */
    void cancelNext() {
        cancelled = true;
    }

    /**
     * Sends a statement, without parameters, that the engine will begin with; together with what the caller sends and flushes next. It
     * is answered before the engine begins.
     */
    void sendAhead(String sql) {
        if (!closed && !server().replies().isSkipping()) {
            var ahead = new Call(sql, List.of(), charset -> Bind.ofText(NAME, NAME, List.of(), charset));
            sentAhead.set(ahead);
            cancelled = false;
            send(ahead);
        }
    }

    private void start(Call wanted) {
        if (closed) {
            wanted.result.completeExceptionally(new SessionClosedException("the client's session has ended"));
            return;
        }
        if (failed() || server().replies().isSkipping()) {
            wanted.result.completeExceptionally(new SqlFailure(aborted()));
            return;
        }
        send(wanted);
        server().flush();
    }

    private void send(Call wanted) {
        call = wanted;
        if (leftover) {
            server().send(new Close(Target.STATEMENT, NAME), Owner.ENGINE);
        }
        leftover = true;
        String sql = wanted.sql;
        if (cancelled) {
            cancelled = false;
            sql = "DO " + Quoting.literal("BEGIN RAISE EXCEPTION USING "
                    + raised("57014", "canceling statement due to user request", Optional.empty(), Optional.empty()) + "; END");
            server().send(new Parse(NAME, sql, List.of()), Owner.ENGINE);
            server().send(Bind.ofText(NAME, NAME, List.of(), server().charset()), Owner.ENGINE);
        } else {
            server().send(new Parse(NAME, sql, wanted.types), Owner.ENGINE);
            server().send(wanted.bind.apply(server().charset()), Owner.ENGINE);
        }
        server().send(new Describe(Target.PORTAL, NAME), Owner.ENGINE);
        server().send(new Execute(NAME, 0), Owner.ENGINE);
        server().send(new Close(Target.PORTAL, NAME), Owner.ENGINE);
        server().send(new Close(Target.STATEMENT, NAME), Owner.ENGINE, succeeded -> end(wanted, succeeded));
        server().send(new Flush(), Owner.ENGINE);
    }

    private ServerError aborted() {
        ServerError known = failure;
        return known != null
                ? known
                : new ServerError(
                        "ERROR",
                        "25P02",
                        "current transaction is aborted, commands ignored until end of transaction block",
                        Optional.empty(),
                        Optional.empty(),
                        0);
    }

    private void end(Call ended, boolean succeeded) {
        call = null;
        if (succeeded) {
            leftover = false;
            ended.result.complete(new SqlResult(ended.columns, ended.rows, ended.tag));
        } else if (closed) {
            ended.result.completeExceptionally(new SessionClosedException("the client's session has ended"));
        } else {
            ended.result.completeExceptionally(new SqlFailure(aborted()));
        }
    }

    /** A reply to the engine. */
    void reply(byte type, ByteBuf frame) {
        Call current = call;
        switch (type) {
            case BackendType.ERROR_RESPONSE -> {
                Report report = Report.read(frame, server().charset());
                failure = serverError(report);
                session.send(report.without(OUR_OWN));
            }
            case BackendType.NOTICE_RESPONSE -> session.send(Report.read(frame, server().charset()).without(OUR_OWN));
            case BackendType.ROW_DESCRIPTION -> {
                if (current != null) {
                    current.columns = RowDescription.read(frame, server().charset()).columns().stream()
                            .map(RowDescription.Column::name)
                            .toList();
                }
            }
            case BackendType.DATA_ROW -> {
                if (current != null) {
                    current.rows.add(texts(DataRow.read(frame), server().charset()));
                }
            }
            case BackendType.COMMAND_COMPLETE -> {
                if (current != null) {
                    current.tag = CommandComplete.read(frame, server().charset()).tag();
                }
            }
            default -> {}
        }
    }

    private static List<@Nullable String> texts(DataRow row, Charset charset) {
        var texts = new ArrayList<@Nullable String>();
        for (byte[] value : row.values()) {
            texts.add(value == null ? null : new String(value, charset));
        }
        return texts;
    }

    private static ServerError serverError(Report report) {
        return new ServerError(
                report.field(Report.SEVERITY_NAME).orElse("ERROR"),
                report.field(Report.SQL_STATE).orElse(ErrorCode.INTERNAL.sqlState()),
                report.field(Report.MESSAGE).orElse(""),
                report.field(Report.DETAIL),
                report.field(Report.HINT),
                report.field(Report.POSITION).map(Integer::parseInt).orElse(0));
    }

    /** After an error the engine's statement may still be there; it goes with the client's next Sync. */
    boolean hasLeftover() {
        return leftover && call == null;
    }

    /** Behind a Sync, and with one of its own: until then the server would not know itself to be idle. */
    void closeLeftover() {
        leftover = false;
        server().send(new Close(Target.STATEMENT, NAME), Owner.SETUP);
        server().send(new Sync(), Owner.SETUP);
    }

    /** The server connection has ended; comes before its replies are abandoned. */
    void closed() {
        closed = true;
        Call current = call;
        if (current != null) {
            end(current, false);
        }
    }
}
