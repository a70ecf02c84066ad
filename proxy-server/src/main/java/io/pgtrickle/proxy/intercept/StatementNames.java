// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.proxy.backend.ReplyQueue;
import io.pgtrickle.proxy.backend.ReplyQueue.Kind;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.backend.ServerLink;
import io.pgtrickle.wire.backend.Report;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How messages that name prepared statements reach the server. Frames stay the caller's. */
interface StatementNames {

    /** Whether names change on the way, so that every such message has to come by here. */
    boolean renames();

    /**
     * @param suspect whether the statement may change the session's state
     * @param named the statements it names itself
     */
    void parse(ByteBuf frame, boolean suspect, NamesInSql named, ReplyQueue.@Nullable Outcome outcome);

    /** @param head of the message: as much of it as there is, with both names; what follows is forwarded */
    void bind(ByteBuf head, ReplyQueue.@Nullable Outcome outcome);

    /** Of a statement. */
    void describe(ByteBuf frame, Owner owner);

    /** A Describe of a portal is sent. */
    default void describingPortal(String portal, Owner owner) {
        throw new UnsupportedOperationException("the frame passes as it is");
    }

    /** The RowDescription that answers a Describe. */
    default void described(ByteBuf rowDescription) {
        throw new UnsupportedOperationException("nobody has asked for it");
    }

    /** Of a statement. */
    void close(ByteBuf frame, ReplyQueue.@Nullable Outcome outcome);

    /** A simple Query is sent, which drops the unnamed statement. */
    void query();

    /** The name a statement has on the server, where it is now; the same if it is none of the session's. */
    String onServer(String name);

    /** An Execute is sent. @return to be told what becomes of it, if it drops statements */
    default ReplyQueue.@Nullable Outcome executing(String portal) {
        return null;
    }

    /** Whether Execute messages have to come by here. */
    default boolean hasDroppingPortals() {
        return false;
    }

    /** A ReadyForQuery has come, and there is no transaction. */
    default void transactionEnded() {}

    /** Also what is named by the statements that SQL executes by name. */
    default NamesInSql withNested(NamesInSql names) {
        return names;
    }

    /** Has the statements that SQL names there under their own names, those to be executed only if the transaction has not failed. */
    default void bring(NamesInSql names, boolean usable) {}

    /** Whether SQL executes a statement the session has prepared in the protocol. */
    default boolean executes(NamesInSql names) {
        return false;
    }

    /** SQL that drops statements is sent. @return to be told, one after the other, what becomes of each */
    default List<ReplyQueue.Outcome> dropping(NamesInSql names) {
        return List.of();
    }

    /** Whether it depends on what is under way what the names stand for. */
    default boolean isUnsettled(NamesInSql names) {
        return false;
    }

    /** Whether it depends on an earlier pipeline, under way, what the name stands for: the message has to wait for that. */
    boolean isUnsettled(String name);

    /** How many there are, as far as we know. */
    default int count() {
        return 0;
    }

    /** DEALLOCATE ALL or DISCARD ALL was carried out; the connection knows it already. */
    void deallocatedAll();

    /** An error that speaks of statements, with the names the client knows. */
    Report withOwnNames(Report report);

    /** On a connection of the client's own. */
    static StatementNames untouched(ServerLink link) {
        return new StatementNames() {
            @Override
            public boolean renames() {
                return false;
            }

            @Override
            public void parse(ByteBuf frame, boolean suspect, NamesInSql named, ReplyQueue.@Nullable Outcome outcome) {
                pass(Kind.PARSE, Owner.CLIENT, frame, outcome);
            }

            @Override
            public void bind(ByteBuf head, ReplyQueue.@Nullable Outcome outcome) {
                pass(Kind.BIND, Owner.CLIENT, head, outcome);
            }

            @Override
            public void describe(ByteBuf frame, Owner owner) {
                pass(Kind.DESCRIBE, owner, frame, null);
            }

            @Override
            public void close(ByteBuf frame, ReplyQueue.@Nullable Outcome outcome) {
                pass(Kind.CLOSE, Owner.CLIENT, frame, outcome);
            }

            private void pass(Kind kind, Owner owner, ByteBuf frame, ReplyQueue.@Nullable Outcome outcome) {
                link.server().replies().expect(kind, owner, outcome);
                link.server().write(frame.retainedDuplicate());
            }

            @Override
            public void query() {}

            @Override
            public String onServer(String name) {
                return name;
            }

            @Override
            public boolean isUnsettled(String name) {
                return false;
            }

            @Override
            public void deallocatedAll() {}

            @Override
            public Report withOwnNames(Report report) {
                return report;
            }
        };
    }
}
