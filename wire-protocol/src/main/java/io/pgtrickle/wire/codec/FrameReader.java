// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.codec;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.pgtrickle.wire.codec.FrameHandler.Action;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Finds the messages in one direction of a connection (PostgreSQL manual 54.1). Only headers are read: consecutive forwarded messages
 * leave as one retained slice of what was received; a message is gathered only when the handler wants to see it, and then copied only
 * if it arrived in pieces. Not thread-safe; lives on its connection's event loop.
 */
public final class FrameReader {

    /** How much of a message its {@link FrameHandler#head} is, if it is that long. */
    public static final int HEAD_LENGTH = 8192;

    private static final int HEADER_BYTES = 5;
    private static final int FIRST_GATHER_BYTES = 4096;

    private enum State {
        /** {@code Int32 length (itself included), Byten}: before a connection's first typed message; no type byte. */
        STARTUP,
        /** {@code Byte1 type, Int32 length (itself included)}. */
        HEADER,
        /** The rest of a body that passes by. */
        FORWARD,
        /** The rest of a body that is dropped. */
        DISCARD,
        /** The rest of a message that is gathered in {@link #partial}. */
        GATHER
    }

    private final FrameHandler handler;
    private final ByteBufAllocator allocator;
    private final int maxStartupLength;
    private final int maxMessageLength;

    private State state;
    private byte type;
    /** Body bytes still to come in FORWARD and DISCARD, frame bytes in GATHER. */
    private int remaining;
    private boolean ask;
    /** Body bytes behind the head that is gathered; -1 when a whole message is. */
    private int behindHead = -1;
    /** A message was left unread whose header is in {@link #partial}, perhaps with nothing behind it. */
    private boolean headerWaits;
    private @Nullable ByteBuf partial;

    private @Nullable ByteBuf current;
    private int runStart;
    private final ArrayDeque<ByteBuf> waiting = new ArrayDeque<>();
    private boolean paused;
    private boolean closed;

    private FrameReader(
            FrameHandler handler, ByteBufAllocator allocator, int maxStartupLength, int maxMessageLength, State first) {
        this.handler = handler;
        this.allocator = allocator;
        this.maxStartupLength = maxStartupLength;
        this.maxMessageLength = maxMessageLength;
        this.state = first;
    }

    /** Reads what a client sends: startup packets until {@link #startMessages}, then messages. */
    public static FrameReader ofClient(
            FrameHandler handler, ByteBufAllocator allocator, int maxStartupLength, int maxMessageLength) {
        return new FrameReader(handler, allocator, maxStartupLength, maxMessageLength, State.STARTUP);
    }

    /** Reads what a server sends. */
    public static FrameReader ofServer(FrameHandler handler, ByteBufAllocator allocator, int maxMessageLength) {
        return new FrameReader(handler, allocator, 0, maxMessageLength, State.HEADER);
    }

    /** The startup packet just handed over was the last one. */
    public void startMessages() {
        state = State.HEADER;
    }

    /**
     * Walks over received bytes; takes ownership of them.
     *
     * @throws ProtocolViolationException when they are not the protocol; the reader is of no use after that
     */
    public void feed(ByteBuf chunk) {
        if (closed) {
            chunk.release();
            return;
        }
        waiting.add(chunk);
        walkWaiting();
    }

    /** Leaves everything after the current message unread until {@link #resume}. */
    public void pause() {
        paused = true;
    }

    public boolean isPaused() {
        return paused;
    }

    /** Goes on; walks over what has been received meanwhile. */
    public void resume() {
        paused = false;
        if (headerWaits && current == null) {
            walk(Unpooled.EMPTY_BUFFER);
        }
        walkWaiting();
    }

    /** Bytes received and not walked over yet. */
    public int waitingBytes() {
        int bytes = (current == null ? 0 : current.readableBytes()) + (headerWaits ? HEADER_BYTES : 0);
        for (ByteBuf chunk : waiting) {
            bytes += chunk.readableBytes();
        }
        return bytes;
    }

    /** Whether the bytes not walked over yet end like this; tells a client that said goodbye from one that vanished. */
    public boolean waitingEndsWith(byte[] tail) {
        ByteBuf last = waiting.peekLast();
        if (last == null || last.readableBytes() < tail.length) {
            return false;
        }
        for (int i = 0; i < tail.length; i++) {
            if (last.getByte(last.writerIndex() - tail.length + i) != tail[i]) {
                return false;
            }
        }
        return true;
    }

    /** Whether the bytes walked over end amid a message; one that was left unread has not begun. */
    public boolean isAmidMessage() {
        return !headerWaits && (partial != null || remaining > 0);
    }

    public void close() {
        closed = true;
        if (partial != null) {
            partial.release();
            partial = null;
        }
        while (!waiting.isEmpty()) {
            waiting.remove().release();
        }
    }

    private void walkWaiting() {
        if (current != null) {
            return; // called back from the walk below, which goes on by itself
        }
        while (!paused && !closed) {
            ByteBuf chunk = waiting.poll();
            if (chunk == null) {
                return;
            }
            walk(chunk);
        }
    }

    private void walk(ByteBuf in) {
        current = in;
        runStart = in.readerIndex();
        try {
            while ((in.isReadable() || headerWaits) && !paused && !closed) {
                step(in);
            }
            flushRun(in);
        } finally {
            current = null;
            if (in.isReadable() && paused && !closed) {
                waiting.addFirst(in);
            } else {
                in.release();
            }
        }
    }

    private void step(ByteBuf in) {
        switch (state) {
            case STARTUP -> startup(in);
            case HEADER -> header(in);
            case FORWARD -> {
                int taken = Math.min(remaining, in.readableBytes());
                in.skipBytes(taken);
                remaining -= taken;
                endIfComplete();
            }
            case DISCARD -> {
                int taken = Math.min(remaining, in.readableBytes());
                skip(in, taken);
                remaining -= taken;
                endIfComplete();
            }
            case GATHER -> gather(in);
        }
    }

    private void startup(ByteBuf in) {
        if (!collect(in, 4)) {
            return;
        }
        ByteBuf packet = partial();
        int length = packet.getInt(0);
        if (length < 8 || length > maxStartupLength) {
            throw new ProtocolViolationException("invalid length of startup packet");
        }
        if (collect(in, length)) {
            partial = null;
            try {
                handler.startup(packet);
            } finally {
                packet.release();
            }
        }
    }

    private void header(ByteBuf in) {
        headerWaits = false;
        if (partial == null && in.readableBytes() >= HEADER_BYTES) {
            int start = in.readerIndex();
            begin(in.getByte(start), in.getInt(start + 1), in);
            return;
        }
        flushRun(in);
        if (collect(in, HEADER_BYTES)) {
            ByteBuf header = partial();
            begin(header.getByte(0), header.getInt(1), in);
        }
    }

    /** The header is either in {@link #partial}, or still unread in {@code in}. */
    private void begin(byte messageType, int length, ByteBuf in) {
        if (length < 4 || length > maxMessageLength) {
            throw new ProtocolViolationException("invalid message length");
        }
        type = messageType;
        Action action = handler.begin(messageType, length);
        switch (action) {
            case FORWARD -> {
                if (partial == null) {
                    in.skipBytes(HEADER_BYTES);
                } else {
                    forwardPartial();
                }
                remaining = length - 4;
                state = State.FORWARD;
                endIfComplete();
            }
            case DISCARD -> {
                if (partial == null) {
                    skip(in, HEADER_BYTES);
                } else {
                    dropPartial();
                }
                remaining = length - 4;
                state = State.DISCARD;
                endIfComplete();
            }
            case LOOK, TAKE -> {
                ask = action == Action.LOOK;
                remaining = length + 1;
                state = State.GATHER;
                gather(in);
            }
            case HEAD -> {
                ask = false;
                remaining = Math.min(length + 1, HEAD_LENGTH);
                behindHead = length + 1 - remaining;
                state = State.GATHER;
                gather(in);
            }
            case WAIT -> {
                headerWaits = partial != null;
                paused = true;
            }
        }
    }

    private void gather(ByteBuf in) {
        int length = remaining;
        if (partial == null && in.readableBytes() >= length) {
            state = State.HEADER;
            remaining = 0;
            deliverInPlace(in, length);
            return;
        }
        flushRun(in);
        if (collect(in, length)) {
            state = State.HEADER;
            remaining = 0;
            deliverPartial();
        }
    }

    private void deliverInPlace(ByteBuf in, int length) {
        ByteBuf frame = in.slice(in.readerIndex(), length);
        if (behindHead >= 0) {
            skip(in, length);
            deliverHead(frame.readerIndex(0));
            return;
        }
        switch (ask ? handler.look(type, frame) : Action.TAKE) {
            case FORWARD -> in.skipBytes(length);
            case DISCARD -> skip(in, length);
            case TAKE -> {
                skip(in, length);
                handler.take(type, frame.readerIndex(0));
            }
            case LOOK, HEAD, WAIT -> throw new IllegalStateException("a message is looked at once");
        }
    }

    private void deliverPartial() {
        ByteBuf frame = partial();
        if (behindHead >= 0) {
            partial = null;
            try {
                deliverHead(frame);
            } finally {
                frame.release();
            }
            return;
        }
        switch (ask ? handler.look(type, frame.slice()) : Action.TAKE) {
            case FORWARD -> forwardPartial();
            case DISCARD -> dropPartial();
            case TAKE -> {
                partial = null;
                try {
                    handler.take(type, frame);
                } finally {
                    frame.release();
                }
            }
            case LOOK, HEAD, WAIT -> throw new IllegalStateException("a message is looked at once");
        }
    }

    private void deliverHead(ByteBuf head) {
        remaining = behindHead;
        behindHead = -1;
        state = State.FORWARD;
        handler.head(type, head);
        endIfComplete();
    }

    private void endIfComplete() {
        if (remaining == 0) {
            state = State.HEADER;
            handler.end(type);
        }
    }

    /** Moves bytes into {@link #partial} until it holds {@code target} of them, or more; true when it does. */
    private boolean collect(ByteBuf in, int target) {
        ByteBuf gathered = partial;
        if (gathered == null) {
            gathered = allocator.buffer(Math.min(target, FIRST_GATHER_BYTES));
            partial = gathered;
        }
        int missing = Math.max(0, target - gathered.readableBytes());
        int taken = Math.min(missing, in.readableBytes());
        gathered.writeBytes(in, taken);
        runStart = in.readerIndex();
        return taken == missing;
    }

    private void skip(ByteBuf in, int bytes) {
        flushRun(in);
        in.skipBytes(bytes);
        runStart = in.readerIndex();
    }

    private void flushRun(ByteBuf in) {
        int end = in.readerIndex();
        if (end > runStart) {
            int start = runStart;
            runStart = end;
            handler.forward(in.retainedSlice(start, end - start));
        }
    }

    private ByteBuf partial() {
        if (partial == null) {
            throw new IllegalStateException("nothing gathered");
        }
        return partial;
    }

    private void forwardPartial() {
        ByteBuf bytes = partial();
        partial = null;
        handler.forward(bytes);
    }

    private void dropPartial() {
        ByteBuf bytes = partial();
        partial = null;
        bytes.release();
    }
}
