// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.pgtrickle.dvm.engine.CommandOutcome;
import io.pgtrickle.proxy.backend.ReplyQueue;
import io.pgtrickle.sql.statement.SqlStatement.FunctionCall;
import io.pgtrickle.sql.statement.SqlStatement.StreamTableCommand;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which of a session's prepared statements and portals are commands of ours. A name counts once the server has confirmed it; until
 * then the pipeline that is under way sees it already, as the server will. Names whose object went away otherwise (DEALLOCATE, end of
 * transaction) may linger: the server is always asked whether a portal exists before anything is done with it.
 */
final class PreparedNames {

    /** A prepared command. */
    static final class Statement {
        private final StreamTableCommand command;
        private List<Integer> parameterTypes = List.of();

        Statement(StreamTableCommand command) {
            this.command = command;
        }

        StreamTableCommand command() {
            return command;
        }

        /** As the server resolved them; empty as long as it has not said. */
        List<Integer> parameterTypes() {
            return parameterTypes;
        }

        void parameterTypes(List<Integer> types) {
            parameterTypes = types;
        }

        /** CALL is run as SELECT, and must not show a result. */
        boolean isCall() {
            return command instanceof FunctionCall call && call.call();
        }
    }

    /** A command bound to its parameters, and what is left of its result once it was carried out. */
    static final class Portal {
        private final Statement statement;
        private final Bind bind;
        private CommandOutcome.@Nullable Completed outcome;
        private int rowsSent;

        Portal(Statement statement, Bind bind) {
            this.statement = statement;
            this.bind = bind;
        }

        Statement statement() {
            return statement;
        }

        Bind bind() {
            return bind;
        }

        /** Null until it has been carried out. */
        CommandOutcome.@Nullable Completed outcome() {
            return outcome;
        }

        void complete(CommandOutcome.Completed completed) {
            outcome = completed;
        }

        int rowsSent() {
            return rowsSent;
        }

        void sent(int rows) {
            rowsSent += rows;
        }
    }

    private final class Change<T> implements ReplyQueue.Outcome {
        private final Map<String, T> names;
        private final String name;
        private final @Nullable T value;

        Change(Map<String, T> names, String name, @Nullable T value) {
            this.names = names;
            this.name = name;
            this.value = value;
        }

        @Override
        public void done(boolean succeeded) {
            pending.remove(this);
            if (succeeded && value != null) {
                names.put(name, value);
            } else if (succeeded) {
                names.remove(name);
            }
        }
    }

    private final Map<String, Statement> statements = new HashMap<>();
    private final Map<String, Portal> portals = new HashMap<>();
    private final ArrayDeque<Change<?>> pending = new ArrayDeque<>();

    /** Whether names matter at all; in most sessions they never do. */
    boolean any() {
        return !(statements.isEmpty() && portals.isEmpty() && pending.isEmpty());
    }

    @Nullable Statement statement(String name) {
        return find(statements, name);
    }

    @Nullable Portal portal(String name) {
        return find(portals, name);
    }

    @Nullable Statement statementOfPortal(String name) {
        Portal portal = portal(name);
        return portal == null ? null : portal.statement();
    }

    /** Null for a statement that is not ours. */
    ReplyQueue.Outcome statementBecomes(String name, @Nullable Statement statement) {
        return add(new Change<>(statements, name, statement));
    }

    /** Null for a portal that is not ours. */
    ReplyQueue.Outcome portalBecomes(String name, @Nullable Portal portal) {
        return add(new Change<>(portals, name, portal));
    }

    /** Portals end with their transaction. */
    void transactionEnded() {
        portals.clear();
    }

    private ReplyQueue.Outcome add(Change<?> change) {
        pending.add(change);
        return change;
    }

    @SuppressWarnings("unchecked") // a change of this map holds a value of its type
    private <T> @Nullable T find(Map<String, T> names, String name) {
        for (Iterator<Change<?>> latest = pending.descendingIterator(); latest.hasNext(); ) {
            Change<?> change = latest.next();
            if (change.names == names && change.name.equals(name)) {
                return (T) change.value;
            }
        }
        return names.get(name);
    }
}
