// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.backend;

import io.pgtrickle.wire.backend.BackendType;
import io.pgtrickle.wire.frontend.FrontendType;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The replies a server still owes, one entry per message sent, oldest first: who asked, and so where each reply goes; when nothing is
 * outstanding. It mirrors the server's rules (PostgreSQL manual 54.2): after an error everything up to the next Sync is skipped and
 * gets no reply; in COPY from the client, Sync and Flush are ignored until CopyDone or CopyFail.
 *
 * <p>Entries are single bytes in a ring, so ordinary traffic costs no allocation. Not thread-safe: event loop of the connection.
 */
public final class ReplyQueue {

    /** What was asked, and so what ends the reply. */
    public enum Kind {
        /** Ends with ParseComplete. */
        PARSE,
        /** Ends with BindComplete. */
        BIND,
        /** Ends with CloseComplete. */
        CLOSE,
        /** Ends with RowDescription or NoData. */
        DESCRIBE,
        /** Ends with CommandComplete, EmptyQueryResponse or PortalSuspended. */
        EXECUTE,
        /** Ends with ReadyForQuery. */
        SYNC,
        /** Ends with ReadyForQuery. */
        QUERY,
        /** Ends with ReadyForQuery. */
        FUNCTION_CALL,
        /** CopyDone or CopyFail: no reply of its own, marks where the server stopped ignoring Sync. */
        COPY_END;

        /** Of a frontend message of the extended protocol, or a Query. */
        public static Kind of(byte frontendType) {
            return switch (frontendType) {
                case FrontendType.QUERY -> QUERY;
                case FrontendType.PARSE -> PARSE;
                case FrontendType.BIND -> BIND;
                case FrontendType.EXECUTE -> EXECUTE;
                case FrontendType.DESCRIBE -> DESCRIBE;
                case FrontendType.CLOSE -> CLOSE;
                default -> throw new IllegalArgumentException("message type " + frontendType);
            };
        }
    }

    /** Whose request it was. */
    public enum Owner {
        /** The client's: passes on untouched. */
        CLIENT,
        /** Ours: only an error concerns the client. */
        PROXY,
        /** The engine's, or ours with content: replies go to whoever works in the session. */
        ENGINE,
        /** Part of a simple Query that we run statement by statement: what a simple Query has no reply for is dropped. */
        SPLIT,
        /** The Sync that ends such a Query while its last CommandComplete is held back. */
        HELD,
        /** A client's Describe of a statement we run as one that returns no rows. */
        NO_DATA,
        /** A client's Describe whose answer is looked at. */
        DESCRIBED,
        /** What we ask a server on our own account: none of the replies concerns the client. */
        SETUP
    }

    /** Told what became of a request. */
    public interface Outcome {
        /** @param succeeded false when the server failed or skipped the request */
        void done(boolean succeeded);

        /** The server has not looked at it, because of an error before it. */
        default void skipped() {
            done(false);
        }
    }

    private static final Kind[] KINDS = Kind.values();
    private static final Owner[] OWNERS = Owner.values();
    private static final int OWNER_SHIFT = 4;
    private static final int FOLLOWED = 0x80;

    private byte[] ring = new byte[64];
    private int head;
    private int size;
    private final ArrayDeque<Outcome> outcomes = new ArrayDeque<>();
    private boolean skipping;
    private boolean copyIn;
    /** How often the request at the head has asked for COPY data. */
    private int copies;
    /** A message of the extended protocol has been answered, and no ReadyForQuery has come behind it. */
    private boolean amidPipeline;
    /** COPY data is what was sent last. */
    private boolean dataSent;
    /** A Sync was sent behind COPY data that had not ended. */
    private boolean syncBehindData;
    /** A ReadyForQuery may come that nobody knows of. */
    private boolean unclear;
    private long pipeline;
    /** The Query or FunctionCall at the head has failed. */
    private boolean queryFailed;
    private long parses;
    private long clientParses;
    private long binds;

    /** A message was sent. */
    public void expect(Kind kind, Owner owner) {
        if (admits(kind)) {
            add(kind, owner, 0);
        }
    }

    /** A message was sent, and someone may want to know how it went. */
    public void expect(Kind kind, Owner owner, @Nullable Outcome outcome) {
        if (outcome == null) {
            expect(kind, owner);
            return;
        }
        if (!admits(kind)) {
            outcome.skipped();
            return;
        }
        outcomes.add(outcome);
        add(kind, owner, FOLLOWED);
    }

    public boolean isEmpty() {
        return size == 0;
    }

    /** Nothing is outstanding, and the server waits for nothing but a new request. */
    public boolean isAtRest() {
        return size == 0 && !skipping && !amidPipeline && !unclear;
    }

    /** Whether a ReadyForQuery will come although nothing more is sent. */
    public boolean isReadyPromised() {
        if (isCopyingIn()) {
            return false;
        }
        boolean ignored = copyIn;
        for (int i = 0; i < size; i++) {
            switch (kind(i)) {
                case SYNC, QUERY, FUNCTION_CALL -> {
                    if (!ignored) {
                        return true;
                    }
                }
                case COPY_END -> ignored = false;
                case PARSE, BIND, CLOSE, DESCRIBE, EXECUTE -> {}
            }
        }
        return false;
    }

    /** COPY data was sent, or what the client takes for such. */
    public void copyData() {
        dataSent = true;
    }

    /** Whether what is sent next is skipped if something before it has failed. */
    public boolean isUnsynced() {
        if (size == 0 || skipping) {
            return skipping || amidPipeline;
        }
        return switch (kind(size - 1)) {
            case SYNC, QUERY, FUNCTION_CALL -> false;
            case PARSE, BIND, CLOSE, DESCRIBE, EXECUTE, COPY_END -> true;
        };
    }

    /** Counts what has been sent up to each Sync: of messages of one pipeline, none is carried out behind one that has failed. */
    public long pipeline() {
        return pipeline;
    }

    /** How many Parse messages were sent. */
    long parses() {
        return parses;
    }

    /** How many of them were the client's. */
    long clientParses() {
        return clientParses;
    }

    /** How many Bind messages were sent. */
    long binds() {
        return binds;
    }

    /** Whether the server ignores everything until a Sync that has not been sent yet. */
    public boolean isSkipping() {
        return skipping;
    }

    /** Whether the server waits for COPY data, and any message but the data, its end, Sync and Flush is an error to it. */
    public boolean isCopyingIn() {
        int ended = 0;
        for (int i = 0; i < size && copies > 0; i++) {
            ended += kind(i) == Kind.COPY_END ? 1 : 0;
        }
        return copies > ended && !queryFailed;
    }

    /** Whether what is answered next is a simple Query, or one of ours that stands for one. */
    public boolean isInQuery() {
        return size > 0 && (headKind() == Kind.QUERY || headOwner() == Owner.SPLIT);
    }

    /** Whose request is answered next; the client's when none is outstanding. */
    public Owner headOwner() {
        return size == 0 ? Owner.CLIENT : OWNERS[(ring[head] & 0x70) >> OWNER_SHIFT];
    }

    /** A whole message has come from the server. */
    public void received(byte type) {
        if (size == 0) {
            if (type == BackendType.READY_FOR_QUERY) { // see dropCopy
                skipping = false;
                amidPipeline = false;
            }
            return;
        }
        switch (type) {
            case BackendType.PARSE_COMPLETE -> endIf(Kind.PARSE);
            case BackendType.BIND_COMPLETE -> endIf(Kind.BIND);
            case BackendType.CLOSE_COMPLETE -> endIf(Kind.CLOSE);
            case BackendType.ROW_DESCRIPTION, BackendType.NO_DATA -> endIf(Kind.DESCRIBE);
            case BackendType.COMMAND_COMPLETE, BackendType.EMPTY_QUERY_RESPONSE, BackendType.PORTAL_SUSPENDED -> executed();
            case BackendType.COPY_IN_RESPONSE -> {
                copyIn = headKind() == Kind.EXECUTE;
                copies++;
            }
            case BackendType.ERROR_RESPONSE -> failed();
            case BackendType.READY_FOR_QUERY -> ready();
            default -> {}
        }
    }

    /** The connection is gone: nothing will be answered any more. */
    public void abandon() {
        while (size > 0) {
            pop(false);
        }
    }

    private boolean admits(Kind kind) {
        switch (kind) {
            case SYNC, QUERY, FUNCTION_CALL -> pipeline++;
            case PARSE, BIND, CLOSE, DESCRIBE, EXECUTE, COPY_END -> {}
        }
        if (kind == Kind.SYNC) {
            syncBehindData |= dataSent;
            skipping = false;
            return true;
        }
        dataSent = false;
        return !skipping && (kind != Kind.COPY_END || size > 0);
    }

    private Kind headKind() {
        return kind(0);
    }

    private Kind kind(int place) {
        return KINDS[ring[(head + place) & (ring.length - 1)] & 0x0f];
    }

    private void endIf(Kind kind) {
        if (headKind() == kind) {
            amidPipeline = true;
            pop(true);
        }
    }

    private void executed() {
        if (headKind() != Kind.EXECUTE) {
            return;
        }
        copies = 0;
        amidPipeline = true;
        pop(true);
        if (copyIn) {
            dropCopy();
        }
    }

    /** Errors of Query, FunctionCall and Sync are followed by ReadyForQuery; in the extended protocol the server skips until Sync. */
    private void failed() {
        unclear |= syncBehindData && copies > 0;
        switch (headKind()) {
            case QUERY, FUNCTION_CALL, SYNC -> queryFailed = true;
            case PARSE, BIND, CLOSE, DESCRIBE, EXECUTE, COPY_END -> {
                copies = 0;
                amidPipeline = true;
                pop(false);
                if (copyIn) {
                    dropCopy();
                }
                while (size > 0 && headKind() != Kind.SYNC) {
                    skip();
                }
                skipping = size == 0;
            }
        }
    }

    /**
     * Forgets what the server ignored during a COPY: every Sync before its end. When the COPY failed before its end was sent, all of
     * them; should the server have failed before it read such a Sync, its ReadyForQuery arrives unexpected and is passed on. What is
     * not certain then is whether it will come at all, so that the connection is never at rest again.
     */
    private void dropCopy() {
        copyIn = false;
        syncBehindData = false;
        while (size > 0) {
            Kind dropped = headKind();
            pop(false);
            if (dropped == Kind.COPY_END) {
                return;
            }
        }
    }

    private void ready() {
        copyIn = false;
        amidPipeline = false;
        switch (headKind()) {
            case QUERY, FUNCTION_CALL, SYNC -> {
                boolean succeeded = !queryFailed;
                queryFailed = false;
                pop(succeeded);
                dropCopies();
                while (size > 0 && headKind() == Kind.COPY_END) {
                    pop(true);
                }
            }
            case PARSE, BIND, CLOSE, DESCRIBE, EXECUTE, COPY_END -> {}
        }
    }

    /** The same of a Query, which may have copied several times: whatever Sync was sent before the last data ended. */
    private void dropCopies() {
        for (; copies > 0 && size > 0 && (headKind() == Kind.SYNC || headKind() == Kind.COPY_END); pop(true)) {
            copies -= headKind() == Kind.COPY_END ? 1 : 0;
        }
        copies = 0;
        syncBehindData = false;
    }

    private void pop(boolean succeeded) {
        if (removeHead()) {
            outcomes.remove().done(succeeded);
        }
    }

    private void skip() {
        if (removeHead()) {
            outcomes.remove().skipped();
        }
    }

    /** @return whether someone wants to know how it went */
    private boolean removeHead() {
        boolean followed = (ring[head] & FOLLOWED) != 0;
        head = (head + 1) & (ring.length - 1);
        size--;
        return followed;
    }

    private void add(Kind kind, Owner owner, int flag) {
        if (size == ring.length) {
            grow();
        }
        if (kind == Kind.PARSE) {
            parses++;
            clientParses += owner == Owner.CLIENT ? 1 : 0;
        } else if (kind == Kind.BIND) {
            binds++;
        }
        ring[(head + size) & (ring.length - 1)] = (byte) (kind.ordinal() | owner.ordinal() << OWNER_SHIFT | flag);
        size++;
    }

    private void grow() {
        byte[] larger = new byte[ring.length * 2];
        for (int i = 0; i < size; i++) {
            larger[i] = ring[(head + i) & (ring.length - 1)];
        }
        ring = larger;
        head = 0;
    }
}
