// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.pgtrickle.wire.codec.FrameHandler.Action;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FrameReaderTest {

    private static final int MAX = 1 << 20;

    /** Message types say what to do with them: f, d, t as the actions; L, D, T are looked at first. */
    private static final class Recorder implements FrameHandler {
        final StringBuilder forwarded = new StringBuilder();
        final List<String> taken = new ArrayList<>();
        final List<String> startups = new ArrayList<>();
        final StringBuilder ended = new StringBuilder();
        int forwards;
        FrameReader reader = FrameReader.ofServer(this, ByteBufAllocator.DEFAULT, MAX);

        @Override
        public Action begin(byte type, int length) {
            return switch (type) {
                case 'f' -> Action.FORWARD;
                case 'd' -> Action.DISCARD;
                case 't', 'p' -> Action.TAKE;
                default -> Action.LOOK;
            };
        }

        @Override
        public Action look(byte type, ByteBuf frame) {
            frame.skipBytes(frame.readableBytes());
            return switch (type) {
                case 'L' -> Action.FORWARD;
                case 'D' -> Action.DISCARD;
                default -> Action.TAKE;
            };
        }

        @Override
        public void take(byte type, ByteBuf frame) {
            taken.add(frame.toString(StandardCharsets.ISO_8859_1) + " after " + forwarded.length());
            if (type == 'p') {
                reader.pause();
            }
        }

        @Override
        public void forward(ByteBuf bytes) {
            forwards++;
            forwarded.append(bytes.toString(StandardCharsets.ISO_8859_1));
            bytes.release();
        }

        @Override
        public void end(byte type) {
            ended.append((char) type);
        }

        @Override
        public void startup(ByteBuf packet) {
            startups.add(packet.toString(4, packet.readableBytes() - 4, StandardCharsets.ISO_8859_1));
            if (startups.getLast().equals("last")) {
                reader.startMessages();
            }
        }
    }

    private static String message(char type, String body) {
        ByteBuf out = Unpooled.buffer();
        out.writeByte(type).writeInt(body.length() + 4).writeCharSequence(body, StandardCharsets.ISO_8859_1);
        return out.toString(StandardCharsets.ISO_8859_1);
    }

    private static String packet(String body) {
        ByteBuf out = Unpooled.buffer();
        out.writeInt(body.length() + 4).writeCharSequence(body, StandardCharsets.ISO_8859_1);
        return out.toString(StandardCharsets.ISO_8859_1);
    }

    private static ByteBuf bytes(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        return ByteBufAllocator.DEFAULT.buffer(Math.max(1, bytes.length)).writeBytes(bytes);
    }

    @Test
    void a_run_of_forwarded_messages_leaves_as_one_slice_of_what_came() {
        var recorder = new Recorder();
        String run = message('f', "one") + message('f', "") + message('L', "two") + message('f', "three");
        ByteBuf chunk = bytes(run);
        recorder.reader.feed(chunk);
        assertThat(recorder.forwarded).hasToString(run);
        assertThat(recorder.forwards).isEqualTo(1);
        assertThat(recorder.ended).hasToString("fff");
        assertThat(chunk.refCnt()).isZero();
    }

    @Test
    void a_taken_message_comes_after_what_was_forwarded_before_it() {
        var recorder = new Recorder();
        recorder.reader.feed(bytes(message('f', "a") + message('t', "b") + message('f', "c")));
        assertThat(recorder.taken).containsExactly(message('t', "b") + " after 6");
        assertThat(recorder.forwarded).hasToString(message('f', "a") + message('f', "c"));
    }

    @Test
    void it_does_not_matter_how_the_bytes_are_cut() {
        var random = new Random(42);
        for (int round = 0; round < 2_000; round++) {
            var whole = new StringBuilder();
            var forwarded = new StringBuilder();
            var taken = new ArrayList<String>();
            for (int i = random.nextInt(8); i >= 0; i--) {
                char type = "fdtLDT".charAt(random.nextInt(6));
                String message = message(type, "x".repeat(random.nextInt(12)));
                whole.append(message);
                switch (type) {
                    case 'f', 'L' -> forwarded.append(message);
                    case 't', 'T' -> taken.add(message + " after " + forwarded.length());
                    default -> {}
                }
            }
            var recorder = new Recorder();
            for (int from = 0; from < whole.length(); ) {
                int to = Math.min(whole.length(), from + 1 + random.nextInt(10));
                recorder.reader.feed(bytes(whole.substring(from, to)));
                from = to;
            }
            assertThat(recorder.forwarded).as("round %d", round).hasToString(forwarded.toString());
            assertThat(recorder.taken).as("round %d", round).isEqualTo(taken);
            assertThat(recorder.reader.isAmidMessage()).isFalse();
        }
    }

    @Test
    void a_long_message_passes_without_being_gathered() {
        var recorder = new Recorder();
        recorder.reader.feed(bytes(message('f', "x".repeat(1000)).substring(0, 105)));
        assertThat(recorder.forwarded).hasSize(105);
        assertThat(recorder.reader.isAmidMessage()).isTrue();
        assertThat(recorder.ended).isEmpty();
        recorder.reader.feed(bytes("x".repeat(900)));
        assertThat(recorder.ended).hasToString("f");
        assertThat(recorder.reader.isAmidMessage()).isFalse();
    }

    @Test
    void paused_input_waits_and_goes_on_where_it_stopped() {
        var recorder = new Recorder();
        recorder.reader.feed(bytes(message('p', "1") + message('f', "2") + message('f', "3").substring(0, 3)));
        recorder.reader.feed(bytes(message('f', "3").substring(3)));
        assertThat(recorder.forwarded).isEmpty();
        assertThat(recorder.reader.waitingBytes()).isEqualTo(12);
        assertThat(recorder.reader.waitingEndsWith(new byte[] {4 + 1, '3'})).isTrue();
        assertThat(recorder.reader.waitingEndsWith(new byte[] {'X'})).isFalse();
        recorder.reader.resume();
        assertThat(recorder.forwarded).hasToString(message('f', "2") + message('f', "3"));
        assertThat(recorder.reader.waitingBytes()).isZero();
    }

    @Test
    void lengths_are_signed_and_checked() {
        for (String length : List.of("\0\0\0\3", "\0\0\0\0", "\377\377\377\377", "\200\0\0\0", "\177\377\377\377")) {
            var recorder = new Recorder();
            ByteBuf chunk = bytes("f" + length);
            assertThatThrownBy(() -> recorder.reader.feed(chunk)).isInstanceOf(ProtocolViolationException.class);
            assertThat(chunk.refCnt()).isZero();
        }
    }

    @Test
    void startup_packets_come_first_and_have_limits() {
        var recorder = new Recorder();
        recorder.reader = FrameReader.ofClient(recorder, ByteBufAllocator.DEFAULT, 20, MAX);
        recorder.reader.feed(bytes(packet("first").substring(0, 2)));
        recorder.reader.feed(bytes(packet("first").substring(2) + packet("last") + message('f', "a")));
        assertThat(recorder.startups).containsExactly("first", "last");
        assertThat(recorder.forwarded).hasToString(message('f', "a"));
        for (String bad : List.of(packet("abc"), packet("x".repeat(17)), "\377\377\377\360")) {
            var other = new Recorder();
            other.reader = FrameReader.ofClient(other, ByteBufAllocator.DEFAULT, 20, MAX);
            assertThatThrownBy(() -> other.reader.feed(bytes(bad))).isInstanceOf(ProtocolViolationException.class);
            other.reader.close();
        }
    }

    @Test
    void a_startup_packet_may_come_in_pieces_of_any_length() {
        String last = packet("last");
        String first = packet("x".repeat(3000));
        for (int cut = 1; cut < first.length(); cut = cut < 20 ? cut + 1 : cut + 97) {
            var recorder = new Recorder();
            recorder.reader = FrameReader.ofClient(recorder, ByteBufAllocator.DEFAULT, 10_000, MAX);
            recorder.reader.feed(bytes(first.substring(0, cut)));
            recorder.reader.feed(bytes(first.substring(cut) + last.substring(0, 6)));
            recorder.reader.feed(bytes(last.substring(6)));
            assertThat(recorder.startups.stream().map(String::length)).as("cut at %d", cut).containsExactly(3000, 4);
        }
    }

    @Test
    void closing_releases_what_waits_and_what_was_gathered() {
        var recorder = new Recorder();
        recorder.reader.feed(bytes(message('p', "")));
        ByteBuf waiting = bytes(message('f', "x"));
        recorder.reader.feed(waiting);
        recorder.reader.close();
        ByteBuf late = bytes("f");
        recorder.reader.feed(late);
        assertThat(waiting.refCnt()).isZero();
        assertThat(late.refCnt()).isZero();
        assertThat(recorder.forwarded).isEmpty();
    }
}
