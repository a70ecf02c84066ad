// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.intercept;

import io.netty.buffer.ByteBuf;
import io.pgtrickle.proxy.backend.ReplyQueue;
import io.pgtrickle.proxy.backend.ReplyQueue.Kind;
import io.pgtrickle.proxy.backend.ReplyQueue.Owner;
import io.pgtrickle.proxy.backend.ServerLink;
import io.pgtrickle.wire.backend.Report;
import org.jspecify.annotations.Nullable;

/** How messages that name prepared statements reach the server. Frames stay the caller's. */
interface StatementNames {

    /** Whether names change on the way, so that every such message has to come by here. */
    boolean renames();

    /** @param suspect whether the statement may change the session's state */
    void parse(ByteBuf frame, boolean suspect, ReplyQueue.@Nullable Outcome outcome);

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

    /** SQL's DEALLOCATE is sent, to be told what becomes of it. */
    ReplyQueue.Outcome deallocating(String name);

    /** Whether it depends on an earlier pipeline, under way, what the name stands for: the message has to wait for that. */
    boolean isUnsettled(String name);

    /** How many there are, as far as we know. */
    default int count() {
        return 0;
    }

    /** Whether there is such a statement. */
    boolean knows(String name);

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
            public void parse(ByteBuf frame, boolean suspect, ReplyQueue.@Nullable Outcome outcome) {
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
            public ReplyQueue.Outcome deallocating(String name) {
                return _ -> {};
            }

            @Override
            public boolean isUnsettled(String name) {
                return false;
            }

            @Override
            public boolean knows(String name) {
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
