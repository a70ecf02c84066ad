// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.pgtrickle.dvm.engine.CommandOutcome;
import io.pgtrickle.proxy.backend.ReplyQueue;
import io.pgtrickle.sql.statement.SqlStatement.FunctionCall;
import io.pgtrickle.sql.statement.SqlStatement.StreamTableCommand;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which of a session's prepared statements and portals are commands of ours. Names whose object went away otherwise (DEALLOCATE, end of
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

    private final NameTable<Statement> statements = new NameTable<>();
    private final NameTable<Portal> portals = new NameTable<>();

    /** Whether names matter at all; in most sessions they never do. */
    boolean any() {
        return !(statements.isEmpty() && portals.isEmpty());
    }

    @Nullable Statement statement(String name) {
        return statements.find(name);
    }

    @Nullable Portal portal(String name) {
        return portals.find(name);
    }

    @Nullable Statement statementOfPortal(String name) {
        Portal portal = portal(name);
        return portal == null ? null : portal.statement();
    }

    /** Null for a statement that is not ours. */
    ReplyQueue.Outcome statementBecomes(String name, @Nullable Statement statement) {
        return statements.becomes(name, statement, 0);
    }

    /** Null for a portal that is not ours. */
    ReplyQueue.Outcome portalBecomes(String name, @Nullable Portal portal) {
        return portals.becomes(name, portal, 0);
    }

    /** Portals end with their transaction. */
    void transactionEnded() {
        portals.clear();
    }
}
