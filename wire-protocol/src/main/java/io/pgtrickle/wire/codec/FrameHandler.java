// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.codec;

import io.netty.buffer.ByteBuf;

/**
 * Decides what becomes of each message a {@link FrameReader} walks over, and receives the bytes. A {@code frame} is the whole message
 * with its type byte and length, readable from its reader index; it belongs to the reader and is valid during the call only.
 */
public interface FrameHandler {

    /** What to do with a message. */
    enum Action {
        /** Pass the bytes on as they come, never holding the message. */
        FORWARD,
        /** Drop the bytes as they come. */
        DISCARD,
        /** Gather the message and ask {@link #look}. */
        LOOK,
        /** Gather the message and hand it to {@link #take}, after everything before it has been forwarded. */
        TAKE,
        /** Gather its first bytes, {@link FrameReader#HEAD_LENGTH} at most, and hand them to {@link #head}; the rest passes on as it comes. */
        HEAD,
        /** Leave it unread and pause: {@link #begin} is asked again when the reader resumes. */
        WAIT
    }

    /**
     * A message begins.
     *
     * @param length as on the wire: includes itself, not the type byte
     */
    Action begin(byte type, int length);

    /** A gathered message; the answer must be FORWARD, DISCARD or TAKE. Nothing may be written here, as earlier messages may still wait in a run. */
    default Action look(byte type, ByteBuf frame) {
        return Action.TAKE;
    }

    /** A gathered message that the handler deals with itself. */
    void take(byte type, ByteBuf frame);

    /** The beginning of a message that {@link #begin} wanted to see; what is to be passed on instead is the handler's to send. */
    default void head(byte type, ByteBuf head) {
        throw new IllegalStateException("no beginning of a message expected");
    }

    /** Bytes to pass on: a run of messages or a part of one. The handler now owns the buffer. */
    void forward(ByteBuf bytes);

    /** The last byte of a message begun with FORWARD, DISCARD or HEAD has been seen (its bytes may still wait in a run). */
    default void end(byte type) {}

    /** A startup packet, with its length, on a connection that starts with one. */
    default void startup(ByteBuf packet) {
        throw new IllegalStateException("no startup packet expected");
    }
}
