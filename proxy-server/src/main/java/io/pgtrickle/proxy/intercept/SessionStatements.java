// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.pgtrickle.proxy.backend.ReplyQueue;
import io.pgtrickle.proxy.backend.ReplyQueue.Kind;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.backend.ServerConnection;
import io.pgtrickle.proxy.backend.ServerLink;
import io.pgtrickle.proxy.intercept.NamesInSql.Mention;
import io.pgtrickle.proxy.intercept.NamesInSql.Role;
import io.pgtrickle.proxy.prepared.ServerStatements;
import io.pgtrickle.proxy.prepared.SharedStatement;
import io.pgtrickle.proxy.prepared.SharedStatements;
import io.pgtrickle.proxy.state.ParseSettings;
import io.pgtrickle.proxy.state.SessionState;
import io.pgtrickle.wire.backend.Report;
import io.pgtrickle.wire.codec.Frames;
import io.pgtrickle.wire.codec.ProtocolViolationException;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import io.pgtrickle.wire.frontend.FrontendMessage.Close;
import io.pgtrickle.wire.frontend.FrontendMessage.Execute;
import io.pgtrickle.wire.frontend.FrontendMessage.Parse;
import io.pgtrickle.wire.frontend.FrontendMessage.Target;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One session's prepared statements on connections it shares with others. The server parses every Parse itself, so its errors are its
 * own; under our name for the statement if the connection does not have it yet, else as the unnamed statement. Bind and Describe get it
 * prepared first where it is missing. The session's last unnamed statement is kept, and sent again when the connection has another.
 *
 * <p>A name the session has not prepared is sent as it is: the server does not know it either, unless it is one the session has made with
 * SQL's PREPARE, which holds the connection. Lives on the session's event loop.
 */
final class SessionStatements implements StatementNames {

    /** The server takes no longer ones either, or hardly: 64 MB. */
    static final int MAX_KEPT = 1 << 26;

    /** @param named the statements its SQL names */
    private record Prepared(SharedStatement shared, NamesInSql named) {}

    private static final String SETTINGS = "pgtrickle_settings";

    private final ServerLink link;
    private final SharedStatements all;
    private final SessionState state;
    private final int limit;
    private final NameTable<Prepared> names = new NameTable<>();
    private final OwnNames own;
    private final DroppingPortals droppingPortals = new DroppingPortals();
    private String lastUsed = "";

    private final ResultTypes resultTypes;

    private Map<String, String> settings = Map.of();
    private Map<String, String> settingsReported = Map.of();
    private Map<String, String> settingsMade = Map.of();

    private final UnnamedStatement unnamed;

    /** @param limit how many statements a connection keeps */
    SessionStatements(ServerLink link, SharedStatements all, SessionState state, int limit) {
        this.link = link;
        this.all = all;
        this.state = state;
        this.limit = limit;
        this.resultTypes = new ResultTypes(link);
        this.unnamed = new UnnamedStatement(link);
        this.own = new OwnNames(link, this::ensure);
    }

    private ServerConnection server() {
        return link.server();
    }

    private ServerStatements known() {
        return server().statements();
    }

    private long pipeline() {
        return server().replies().pipeline();
    }

    @Override
    public boolean renames() {
        return true;
    }

    @Override
    public int count() {
        return names.size();
    }

    // What the client sends.

    @Override
    public void parse(ByteBuf frame, boolean suspect, NamesInSql named, ReplyQueue.@Nullable Outcome outcome) {
        if (named.executes()) { // the server looks at once what it returns
            bring(withNested(named), true);
        }
        ByteBuf body = frame.duplicate().skipBytes(Frames.HEADER_BYTES);
        String name = Frames.readString(body, Frames.NAMES);
        if (name.isEmpty()) {
            server().replies().expect(Kind.PARSE, Owner.CLIENT, both(unnamed.parsing(body, suspect, named), outcome));
            server().write(frame.retainedDuplicate());
            return;
        }
        if (names.find(name) != null) { // which the server will say
            own.take(name);
            server().replies().expect(Kind.PARSE, Owner.CLIENT, outcome);
            server().write(frame.retainedDuplicate());
            return;
        }
        byte[] bytes = ByteBufUtil.getBytes(body);
        SharedStatement statement = state.isUncertain() || named.executes() // what that returns is the session's own
                ? all.unshared(bytes, suspect, server().route().database(), settings())
                : all.shared(bytes, suspect, server().route().database(), settings());
        ReplyQueue.Outcome naming = both(names.becomes(name, new Prepared(statement, named), pipeline()), outcome);
        long pipeline = pipeline();
        if (state.mayHavePrepared()) {
            server().replies().expect(Kind.PARSE, Owner.CLIENT, both(naming, own.parsing(name, statement)));
            server().write(frame.retainedDuplicate());
        } else if (known().has(statement, pipeline)) {
            known().unnamedBecomes(null, 0);
            replace(frame, 'P', "", body, Kind.PARSE, naming);
        } else {
            makeRoom(statement);
            known().preparing(statement, pipeline);
            ServerStatements there = known();
            replace(frame, 'P', statement.name(), body, Kind.PARSE, both(naming, ok -> there.prepared(statement, pipeline, ok)));
        }
    }

    @Override
    public void bind(ByteBuf head, ReplyQueue.@Nullable Outcome outcome) {
        ByteBuf rest = head.duplicate().skipBytes(Frames.HEADER_BYTES);
        int portalEnd = rest.readerIndex() + rest.bytesBefore((byte) 0) + 1;
        if (portalEnd <= rest.readerIndex()) {
            throw new ProtocolViolationException("invalid string in message");
        }
        rest.readerIndex(portalEnd);
        String name = Frames.readString(rest, Frames.NAMES);
        SharedStatement statement = use(name);
        if (!droppingPortals.isEmpty() || named(name).drops()) {
            String portal = Frames.readString(head.duplicate().skipBytes(Frames.HEADER_BYTES), Frames.NAMES);
            droppingPortals.bound(portal, named(name), pipeline());
        }
        server().replies().expect(Kind.BIND, Owner.CLIENT, outcome);
        if (portalEnd == head.readerIndex() + Frames.HEADER_BYTES + 1) {
            resultTypes.bound(statement);
        }
        if (statement == null) {
            server().write(head.retainedDuplicate());
            return;
        }
        int portalBytes = portalEnd - head.readerIndex() - Frames.HEADER_BYTES;
        int replaced = rest.readerIndex() - portalEnd;
        ByteBuf out = server().channel().alloc().buffer(head.readableBytes() + statement.name().length());
        out.writeByte('B');
        out.writeInt(head.getInt(head.readerIndex() + 1) - replaced + statement.name().length() + 1);
        out.writeBytes(head, head.readerIndex() + Frames.HEADER_BYTES, portalBytes);
        Frames.writeString(out, statement.name(), Frames.NAMES);
        out.writeBytes(rest);
        server().write(out);
    }

    @Override
    public void describe(ByteBuf frame, Owner owner) {
        ByteBuf body = frame.duplicate().skipBytes(Frames.HEADER_BYTES + 1);
        SharedStatement statement = use(Frames.readString(body, Frames.NAMES));
        resultTypes.expect(statement, owner);
        if (statement == null) {
            server().write(frame.retainedDuplicate());
            return;
        }
        ByteBuf out = server().channel().alloc().buffer();
        int length = Frames.begin(out, 'D');
        out.writeByte('S');
        Frames.writeString(out, statement.name(), Frames.NAMES);
        Frames.end(out, length);
        server().write(out);
    }

    @Override
    public void describingPortal(String portal, Owner owner) {
        if (portal.isEmpty()) {
            resultTypes.expectOfPortal(owner);
        } else {
            resultTypes.expect(null, owner);
        }
    }

    @Override
    public void described(ByteBuf rowDescription) {
        resultTypes.described(rowDescription);
    }

    /** Of a statement. The connection keeps it for others; closing what is not there is no error. */
    @Override
    public void close(ByteBuf frame, ReplyQueue.@Nullable Outcome outcome) {
        String name = Frames.readString(frame.duplicate().skipBytes(Frames.HEADER_BYTES + 1), Frames.NAMES);
        ReplyQueue.Outcome naming = outcome;
        if (name.isEmpty()) {
            naming = both(unnamed.closing(), outcome);
        } else if (names.find(name) != null) {
            known().forgetNamed(name);
            naming = both(names.becomes(name, null, pipeline()), outcome);
        }
        server().replies().expect(Kind.CLOSE, Owner.CLIENT, naming);
        server().write(frame.retainedDuplicate());
    }

    /** A simple Query, which drops the unnamed statement. */
    @Override
    public void query() {
        unnamed.dropped();
    }

    @Override
    public boolean isUnsettled(String name) {
        boolean itself = name.isEmpty() ? unnamed.isUnsettled() : names.isUnsettled(name, pipeline());
        return itself || isUnsettled(named(name));
    }

    /** What the SQL of a statement names. */
    private NamesInSql named(String statement) {
        return withNested(namedItself(statement));
    }

    private NamesInSql namedItself(String statement) {
        if (statement.isEmpty()) {
            return unnamed.named();
        }
        Prepared prepared = names.find(statement);
        return prepared == null ? NamesInSql.NONE : prepared.named;
    }

    // What the server answers.

    /** DEALLOCATE ALL or DISCARD ALL; the connection knows it already. */
    @Override
    public void deallocatedAll() {
        names.clear();
    }

    /** An error that speaks of our names, with the session's. */
    @Override
    public Report withOwnNames(Report original) {
        Report report = ResultTypes.asOfPostgres(original);
        return report.field(Report.MESSAGE)
                .map(message -> report.with(Report.MESSAGE, withOwnName(message)))
                .orElse(report);
    }

    private String withOwnName(String message) {
        int from = message.indexOf(all.prefix());
        if (from < 0) {
            return message;
        }
        int to = endOfDigits(message, from + all.prefix().length());
        String shared = message.substring(from, to);
        Prepared last = names.find(lastUsed);
        return (last != null && last.shared.name().equals(shared)
                        ? Optional.of(lastUsed)
                        : names.nameOf(prepared -> prepared.shared.name().equals(shared)))
                .map(name -> message.substring(0, from) + name + message.substring(to))
                .orElse(message);
    }

    private static int endOfDigits(String text, int from) {
        int to = from;
        while (to < text.length() && Character.isDigit(text.charAt(to))) {
            to++;
        }
        return to;
    }

    // Statements in SQL.

    @Override
    public String onServer(String name) {
        SharedStatement statement = use(name);
        return statement == null ? name : statement.name();
    }

    @Override
    public void bring(NamesInSql named, boolean usable) {
        for (Mention mention : named.mentions()) {
            Prepared prepared = names.find(mention.name());
            if (prepared != null && usable && mention.isUse()) {
                own.prepare(mention.name(), prepared.shared);
                suspectIf(prepared.shared.isSuspect());
            }
        }
        for (Mention mention : named.mentions()) {
            if (!mention.isUse() && names.find(mention.name()) != null) {
                own.take(mention.name());
            }
        }
    }

    @Override
    public NamesInSql withNested(NamesInSql named) {
        return named.with(mention -> namedItself(mention.name()));
    }

    @Override
    public boolean executes(NamesInSql named) {
        return named.mentions().stream().anyMatch(mention -> mention.isUse() && names.find(mention.name()) != null);
    }

    @Override
    public List<ReplyQueue.Outcome> dropping(NamesInSql named) {
        var drops = new ArrayList<ReplyQueue.Outcome>();
        for (Mention mention : named.mentions()) {
            if (mention.role() == Role.ALL_DROPPED) {
                known().clear();
                drops.add(names.allGone(pipeline()));
            } else if (mention.role() == Role.DROPPED) {
                known().forgetNamed(mention.name());
                drops.add(names.becomes(mention.name(), null, pipeline()));
            }
        }
        return drops;
    }

    @Override
    public boolean isUnsettled(NamesInSql named) {
        return named.mentions().stream().anyMatch(mention -> names.isUnsettled(mention.name(), pipeline()));
    }

    @Override
    public boolean hasDroppingPortals() {
        return !droppingPortals.isEmpty();
    }

    @Override
    public ReplyQueue.@Nullable Outcome executing(String portal) {
        NamesInSql named = droppingPortals.find(portal);
        if (named == null) {
            return null;
        }
        List<ReplyQueue.Outcome> drops = dropping(named);
        return succeeded -> drops.forEach(drop -> drop.done(succeeded));
    }

    @Override
    public void transactionEnded() {
        droppingPortals.transactionEnded(pipeline());
    }

    // Common.

    /** The statement that a name stands for, which the connection has now; null for one that is sent under the name it has. */
    private @Nullable SharedStatement use(String name) {
        bring(named(name), true);
        if (name.isEmpty()) {
            unnamed.ensure();
            suspectIf(unnamed.isSuspect());
            return null;
        }
        Prepared prepared = names.find(name);
        if (prepared == null) {
            return null;
        }
        lastUsed = name;
        ensure(prepared.shared);
        suspectIf(prepared.shared.isSuspect());
        return prepared.shared;
    }

    private void suspectIf(boolean suspect) {
        if (suspect) {
            state.suspect();
        }
    }

    private void ensure(SharedStatement statement) {
        ServerStatements there = known();
        long pipeline = pipeline();
        if (!there.has(statement, pipeline)) {
            makeRoom(statement);
            there.preparing(statement, pipeline);
            Optional<ParseSettings> asAtFirst = settingsAtFirst(statement);
            asAtFirst.map(ParseSettings::before).ifPresent(this::set);
            ByteBuf out = server().channel().alloc().buffer();
            statement.writeParse(out);
            server().replies().expect(Kind.PARSE, Owner.PROXY, ok -> there.prepared(statement, pipeline, ok));
            server().write(out);
            asAtFirst.map(ParseSettings::after).ifPresent(this::set);
            if (statement.hasResultTypes() && all.isOutdated(statement, server().route().database())) {
                resultTypes.check(statement, () -> there.forget(statement));
            }
        }
    }

    private Optional<ParseSettings> settingsAtFirst(SharedStatement statement) {
        return !statement.isAnalysed() || server().status() == 'E' // nothing can be set then, nor parsed but the end of the transaction
                ? Optional.empty()
                : ParseSettings.of(settings(), !state.isUncertain(), statement.settings());
    }

    /** Amid a pipeline, with names of our own. */
    private void set(String query) {
        server().send(new Parse(SETTINGS, query, List.of()), Owner.PROXY);
        server().send(new Bind(SETTINGS, SETTINGS, List.of(), List.of(), List.of()), Owner.PROXY);
        server().send(new Execute(SETTINGS, 0), Owner.PROXY);
        server().send(new Close(Target.PORTAL, SETTINGS), Owner.PROXY);
        server().send(new Close(Target.STATEMENT, SETTINGS), Owner.PROXY);
    }

    /** What text is read with, as far as is known. */
    private Map<String, String> settings() {
        Map<String, String> reported = server().meanings();
        Map<String, String> made = state.meanings();
        if (reported != settingsReported || made != settingsMade) {
            var both = new HashMap<>(made);
            both.putAll(reported);
            settings = Map.copyOf(both);
            settingsReported = reported;
            settingsMade = made;
        }
        return settings;
    }

    /** Closes the statement itself, in case it is there after all, and what has not been used for longest. */
    private void makeRoom(SharedStatement statement) {
        server().send(new Close(Target.STATEMENT, statement.name()), Owner.PROXY);
        if (server().status() == 'I') { // else there may be portals
            for (SharedStatement eldest : known().tooMany(limit, pipeline())) {
                server().send(new Close(Target.STATEMENT, eldest.name()), Owner.PROXY);
            }
        }
    }

    private void replace(ByteBuf frame, char type, String name, ByteBuf rest, Kind kind, ReplyQueue.@Nullable Outcome outcome) {
        ByteBuf out = server().channel().alloc().buffer(frame.readableBytes() + name.length());
        int length = Frames.begin(out, type);
        Frames.writeString(out, name, Frames.NAMES);
        out.writeBytes(rest, rest.readerIndex(), rest.readableBytes());
        Frames.end(out, length);
        server().replies().expect(kind, Owner.CLIENT, outcome);
        server().write(out);
    }

    private static ReplyQueue.Outcome both(ReplyQueue.Outcome one, ReplyQueue.@Nullable Outcome other) {
        if (other == null) {
            return one;
        }
        return new ReplyQueue.Outcome() {
            @Override
            public void done(boolean succeeded) {
                one.done(succeeded);
                other.done(succeeded);
            }

            @Override
            public void skipped() {
                one.skipped();
                other.skipped();
            }
        };
    }
}
