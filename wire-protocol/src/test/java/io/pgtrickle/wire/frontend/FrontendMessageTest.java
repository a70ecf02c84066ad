// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.frontend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.pgtrickle.wire.codec.ProtocolViolationException;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import io.pgtrickle.wire.frontend.FrontendMessage.Close;
import io.pgtrickle.wire.frontend.FrontendMessage.CopyFail;
import io.pgtrickle.wire.frontend.FrontendMessage.Describe;
import io.pgtrickle.wire.frontend.FrontendMessage.Execute;
import io.pgtrickle.wire.frontend.FrontendMessage.Flush;
import io.pgtrickle.wire.frontend.FrontendMessage.Parse;
import io.pgtrickle.wire.frontend.FrontendMessage.PasswordMessage;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import io.pgtrickle.wire.frontend.FrontendMessage.Sync;
import io.pgtrickle.wire.frontend.FrontendMessage.Target;
import io.pgtrickle.wire.frontend.FrontendMessage.Terminate;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Each message against its bytes as the PostgreSQL manual lays them out; control characters are octal. */
class FrontendMessageTest {

    private static ByteBuf written(FrontendMessage message) {
        ByteBuf out = Unpooled.buffer();
        message.write(out, StandardCharsets.UTF_8);
        return out;
    }

    private static String bytes(FrontendMessage message) {
        return written(message).toString(StandardCharsets.ISO_8859_1);
    }

    @Test
    void query() {
        var message = new Query("SELECT 'é'");
        assertThat(bytes(message)).isEqualTo("Q\0\0\0\020SELECT '\303\251'\0");
        assertThat(Query.read(written(message), StandardCharsets.UTF_8)).isEqualTo(message);
    }

    @Test
    void parse() {
        var message = new Parse("s", "SELECT $1", List.of(23, 0));
        assertThat(bytes(message)).isEqualTo("P\0\0\0\032s\0SELECT $1\0\0\2\0\0\0\027\0\0\0\0");
        assertThat(Parse.read(written(message), StandardCharsets.UTF_8)).isEqualTo(message);
    }

    @Test
    void bind() {
        var message = new Bind("p", "s", List.of((short) 0, (short) 1), Arrays.asList(new byte[] {'a'}, null), List.of((short) 1));
        assertThat(bytes(message))
                .isEqualTo("B\0\0\0\035p\0s\0\0\2\0\0\0\1\0\2\0\0\0\1a\377\377\377\377\0\1\0\1");
        Bind read = Bind.read(written(message));
        assertThat(read.portal()).isEqualTo("p");
        assertThat(read.statement()).isEqualTo("s");
        assertThat(read.values().get(0)).containsExactly('a');
        assertThat(read.values().get(1)).isNull();
        assertThat(read.isBinary(0)).isFalse();
        assertThat(read.isBinary(1)).isTrue();
        assertThat(read.isResultBinary(3)).as("one format is for all columns").isTrue();
    }

    @Test
    void counts_of_parameters_are_unsigned() {
        var many = Bind.ofText("", "", Collections.nCopies(65_535, null), StandardCharsets.UTF_8);
        assertThat(Bind.read(written(many)).values()).hasSize(65_535);
    }

    @Test
    void describe_and_close() {
        assertThat(bytes(new Describe(Target.STATEMENT, "s"))).isEqualTo("D\0\0\0\7Ss\0");
        assertThat(bytes(new Close(Target.PORTAL, ""))).isEqualTo("C\0\0\0\6P\0");
        assertThat(Describe.read(written(new Describe(Target.PORTAL, "p")))).isEqualTo(new Describe(Target.PORTAL, "p"));
        assertThat(Close.read(written(new Close(Target.STATEMENT, "s")))).isEqualTo(new Close(Target.STATEMENT, "s"));
        ByteBuf odd = Unpooled.copiedBuffer("D\0\0\0\6X\0", StandardCharsets.ISO_8859_1);
        assertThatThrownBy(() -> Describe.read(odd)).isInstanceOf(ProtocolViolationException.class);
    }

    @Test
    void execute() {
        var message = new Execute("p", 10);
        assertThat(bytes(message)).isEqualTo("E\0\0\0\np\0\0\0\0\n");
        assertThat(Execute.read(written(message))).isEqualTo(message);
    }

    @Test
    void names_keep_their_bytes_whatever_the_encoding() {
        var message = new Execute("\351\200", 0);
        assertThat(bytes(message)).contains("\351\200");
        assertThat(Execute.read(written(message))).isEqualTo(message);
    }

    @Test
    void copy_fail() {
        assertThat(bytes(new CopyFail("no"))).isEqualTo("f\0\0\0\7no\0");
    }

    @Test
    void password_message() {
        var message = new PasswordMessage(new byte[] {'p', 'w', 0});
        assertThat(bytes(message)).isEqualTo("p\0\0\0\7pw\0");
        assertThat(PasswordMessage.read(written(message))).isEqualTo(message).doesNotHaveToString("pw");
    }

    @Test
    void messages_without_a_body() {
        assertThat(bytes(new Sync())).isEqualTo("S\0\0\0\4");
        assertThat(bytes(new Flush())).isEqualTo("H\0\0\0\4");
        assertThat(bytes(new Terminate())).isEqualTo("X\0\0\0\4");
    }

    @Test
    void no_byte_of_a_statement_is_replaced() {
        for (String broken : List.of("Q\0\0\0\7a\377\0", "P\0\0\0\012s\0q\377\0\0\0")) {
            ByteBuf frame = Unpooled.copiedBuffer(broken, StandardCharsets.ISO_8859_1);
            boolean query = broken.charAt(0) == 'Q';
            assertThatThrownBy(() -> read(query, frame.duplicate(), StandardCharsets.UTF_8)).isInstanceOf(ProtocolViolationException.class);
            assertThat(read(query, frame, StandardCharsets.ISO_8859_1)).isIn(new Query("a\377"), new Parse("s", "q\377", List.of()));
        }
    }

    private static FrontendMessage read(boolean query, ByteBuf frame, Charset charset) {
        return query ? Query.read(frame, charset) : Parse.read(frame, charset);
    }

    @Test
    void what_a_message_announces_must_be_there() {
        for (String broken : List.of("Q\0\0\0\7abc", "P\0\0\0\012s\0q\0\0\1", "B\0\0\0\020\0\0\0\0\0\1\0\0\0\144ab", "E\0\0\0\6p\0")) {
            ByteBuf frame = Unpooled.copiedBuffer(broken, StandardCharsets.ISO_8859_1);
            assertThatThrownBy(() -> {
                        switch (broken.charAt(0)) {
                            case 'Q' -> Query.read(frame, StandardCharsets.UTF_8);
                            case 'P' -> Parse.read(frame, StandardCharsets.UTF_8);
                            case 'B' -> Bind.read(frame);
                            default -> Execute.read(frame);
                        }
                    })
                    .as(broken)
                    .isInstanceOf(ProtocolViolationException.class);
        }
    }
}
