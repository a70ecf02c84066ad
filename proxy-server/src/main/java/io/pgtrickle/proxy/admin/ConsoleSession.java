// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.admin;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.proxy.client.Console;
import io.pgtrickle.wire.backend.BackendMessage.CommandComplete;
import io.pgtrickle.wire.backend.BackendMessage.DataRow;
import io.pgtrickle.wire.backend.BackendMessage.ParameterDescription;
import io.pgtrickle.wire.backend.BackendMessage.ReadyForQuery;
import io.pgtrickle.wire.backend.BackendMessage.Signal;
import io.pgtrickle.wire.codec.ProtocolViolationException;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import io.pgtrickle.wire.frontend.FrontendMessage.Close;
import io.pgtrickle.wire.frontend.FrontendMessage.Describe;
import io.pgtrickle.wire.frontend.FrontendMessage.Execute;
import io.pgtrickle.wire.frontend.FrontendMessage.Parse;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import io.pgtrickle.wire.frontend.FrontendMessage.Target;
import io.pgtrickle.wire.frontend.FrontendType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client of the console, in the simple and in the extended protocol (PostgreSQL manual 54.2). While a command takes its time, what
 * the client sends waits. On the client's event loop.
 */
final class ConsoleSession implements Console.Session {

    private static final Logger LOG = LoggerFactory.getLogger(ConsoleSession.class);

    private static final IntPredicate AS_TEXT = _ -> false;

    /** A statement with its parameters; there are none. */
    private static final class Portal {
        private final Optional<Command> command;
        private final IntPredicate binary;
        /** What it has come to; null until it was executed. */
        private @Nullable Answer answer;
        private int sent;

        Portal(Optional<Command> command, IntPredicate binary) {
            this.command = command;
            this.binary = binary;
        }
    }

    private final Commands commands;
    private final boolean admin;
    private final Console.Client client;
    private final Map<String, Optional<Command>> statements = new HashMap<>();
    private final Map<String, Portal> portals = new HashMap<>();
    /** Between BEGIN and COMMIT, which drivers want to see, and which portals outlive a Sync in. */
    private boolean inTransaction;
    /** An error was sent: nothing counts until Sync. */
    private boolean skipping;
    private boolean gone;

    ConsoleSession(Commands commands, boolean admin, Console.Client client) {
        this.commands = commands;
        this.admin = admin;
        this.client = client;
    }

    @Override
    public Map<String, String> parameters() {
        var parameters = new LinkedHashMap<String, String>();
        parameters.put("server_version", "1.25.0/bouncer");
        parameters.put("client_encoding", "UTF8");
        parameters.put("server_encoding", "UTF8");
        parameters.put("DateStyle", "ISO");
        parameters.put("TimeZone", "GMT");
        parameters.put("standard_conforming_strings", "on");
        parameters.put("integer_datetimes", "on");
        parameters.put("is_superuser", admin ? "on" : "off");
        return parameters;
    }

    @Override
    public void closed() {
        gone = true;
    }

    @Override
    public void message(byte type, ByteBuf frame) {
        switch (type) {
            case FrontendType.QUERY -> query(Query.read(frame, StandardCharsets.UTF_8).sql());
            case FrontendType.SYNC -> {
                skipping = false;
                ready();
            }
            case FrontendType.FLUSH -> client.flush();
            case FrontendType.TERMINATE -> client.leave();
            case FrontendType.PARSE, FrontendType.BIND, FrontendType.DESCRIBE, FrontendType.EXECUTE, FrontendType.CLOSE -> {
                if (!skipping) {
                    extended(type, frame);
                }
            }
            default -> throw new ProtocolViolationException("the admin console does not take messages of type " + (char) type);
        }
    }

    private void ready() {
        if (!inTransaction) {
            portals.clear();
        }
        client.send(new ReadyForQuery(inTransaction ? 'T' : 'I'));
        client.flush();
    }

    // Simple protocol.

    private void query(String text) {
        List<Command> parsed;
        try {
            parsed = CommandParser.parse(text);
        } catch (CommandFailure e) {
            client.send(e.report());
            ready();
            return;
        }
        if (parsed.isEmpty()) {
            client.send(Signal.EMPTY_QUERY_RESPONSE);
            ready();
        } else {
            next(parsed.iterator());
        }
    }

    private void next(Iterator<Command> rest) {
        if (!rest.hasNext()) {
            ready();
            return;
        }
        run(rest.next(), answer -> {
            answer.table().ifPresent(table -> client.send(table.description(AS_TEXT)));
            send(answer, new Portal(Optional.empty(), AS_TEXT), 0);
            next(rest);
        }, this::ready);
    }

    /** Goes on when the command is carried out, at once if it takes no time. */
    private void run(Command command, Consumer<Answer> then, Runnable failed) {
        if (command.verb() == Verb.NOTHING) {
            switch (command.argument()) {
                case "BEGIN", "START" -> inTransaction = true;
                case "COMMIT", "END", "ROLLBACK", "ABORT" -> inTransaction = false;
                default -> {}
            }
        }
        var answer = commands.run(command, admin);
        if (answer.isDone()) {
            answer.handle((result, failure) -> outcome(result, failure, then, failed)).join().run();
            return;
        }
        client.pause();
        answer.whenComplete((result, failure) -> client.loop().execute(() -> {
            if (!gone) {
                outcome(result, failure, then, failed).run();
                client.resume();
            }
        }));
    }

    private Runnable outcome(@Nullable Answer result, @Nullable Throwable failure, Consumer<Answer> then, Runnable failed) {
        if (result != null) {
            return () -> then.accept(result);
        }
        Throwable cause = failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        CommandFailure reason = cause instanceof CommandFailure known ? known : new CommandFailure("XX000", "internal error: " + cause);
        if (reason != cause) {
            LOG.error("a command of the admin console has failed", cause);
        }
        return () -> {
            client.send(reason.report());
            failed.run();
        };
    }

    /**
     * Sends what is left of the answer.
     *
     * @param limit of rows; 0 for none
     */
    private void send(Answer answer, Portal portal, int limit) {
        answer.notices().forEach(client::send);
        if (answer.table().isPresent()) {
            Table table = answer.table().get();
            int end = limit == 0 ? table.rows().size() : Math.min(table.rows().size(), portal.sent + limit);
            for (; portal.sent < end; portal.sent++) {
                client.send(row(table, table.rows().get(portal.sent), portal.binary));
            }
            if (limit > 0 && portal.sent < table.rows().size()) {
                client.send(Signal.PORTAL_SUSPENDED);
                return;
            }
        }
        client.send(new CommandComplete(answer.tag()));
    }

    private static DataRow row(Table table, List<@Nullable String> values, IntPredicate binary) {
        var encoded = new ArrayList<byte @Nullable []>();
        for (int i = 0; i < values.size(); i++) {
            encoded.add(Values.encoded(values.get(i), table.columns().get(i).type(), binary.test(i)));
        }
        return new DataRow(encoded);
    }

    // Extended protocol.

    private void extended(byte type, ByteBuf frame) {
        try {
            switch (type) {
                case FrontendType.PARSE -> parse(Parse.read(frame, StandardCharsets.UTF_8));
                case FrontendType.BIND -> bind(Bind.read(frame));
                case FrontendType.DESCRIBE -> describe(Describe.read(frame));
                case FrontendType.EXECUTE -> execute(Execute.read(frame));
                default -> close(Close.read(frame));
            }
        } catch (CommandFailure e) {
            fail(e);
        }
    }

    private void fail(CommandFailure failure) {
        client.send(failure.report());
        skipping = true;
    }

    private void parse(Parse message) {
        List<Command> parsed = CommandParser.parse(message.sql());
        if (parsed.size() > 1) {
            throw new CommandFailure(CommandFailure.SYNTAX, "cannot insert multiple commands into a prepared statement");
        }
        if (!message.statement().isEmpty() && statements.containsKey(message.statement())) {
            throw new CommandFailure("42P05", "prepared statement \"" + message.statement() + "\" already exists");
        }
        statements.put(message.statement(), parsed.stream().findFirst());
        client.send(Signal.PARSE_COMPLETE);
    }

    private Optional<Command> statement(String name) {
        Optional<Command> known = statements.get(name);
        if (known == null) {
            throw new CommandFailure("26000", "prepared statement \"" + name + "\" does not exist");
        }
        return known;
    }

    private Portal portal(String name) {
        Portal known = portals.get(name);
        if (known == null) {
            throw new CommandFailure("34000", "portal \"" + name + "\" does not exist");
        }
        return known;
    }

    private void bind(Bind message) {
        Optional<Command> command = statement(message.statement());
        if (!message.values().isEmpty()) {
            throw new CommandFailure("08P01", "bind message supplies %d parameters, but commands of the admin console have none".formatted(message.values().size()));
        }
        portals.put(message.portal(), new Portal(command, message::isResultBinary));
        client.send(Signal.BIND_COMPLETE);
    }

    private void describe(Describe message) {
        boolean ofStatement = message.target() == Target.STATEMENT;
        Optional<Command> command = ofStatement ? statement(message.name()) : portal(message.name()).command;
        IntPredicate binary = ofStatement ? AS_TEXT : portal(message.name()).binary;
        Optional<Table> table = command.flatMap(commands::describe);
        if (ofStatement) {
            client.send(new ParameterDescription(List.of()));
        }
        client.send(table.isPresent() ? table.get().description(binary) : Signal.NO_DATA);
    }

    private void execute(Execute message) {
        Portal portal = portal(message.portal());
        Answer known = portal.answer;
        if (known != null) {
            send(known, portal, message.maxRows());
        } else if (portal.command.isEmpty()) {
            client.send(Signal.EMPTY_QUERY_RESPONSE);
        } else {
            run(portal.command.get(), answer -> {
                portal.answer = answer;
                send(answer, portal, message.maxRows());
            }, () -> skipping = true);
        }
    }

    private void close(Close message) {
        if (message.target() == Target.STATEMENT) {
            statements.remove(message.name());
        } else {
            portals.remove(message.name());
        }
        client.send(Signal.CLOSE_COMPLETE);
    }
}
