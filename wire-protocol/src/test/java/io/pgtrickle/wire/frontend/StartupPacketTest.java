// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.frontend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.pgtrickle.wire.codec.ProtocolViolationException;
import io.pgtrickle.wire.frontend.StartupPacket.CancelRequest;
import io.pgtrickle.wire.frontend.StartupPacket.GssEncRequest;
import io.pgtrickle.wire.frontend.StartupPacket.SslRequest;
import io.pgtrickle.wire.frontend.StartupPacket.StartupMessage;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import org.junit.jupiter.api.Test;

class StartupPacketTest {

    private static ByteBuf written(StartupPacket packet) {
        ByteBuf out = Unpooled.buffer();
        packet.write(out);
        return out;
    }

    private static String hex(StartupPacket packet) {
        return ByteBufUtil.hexDump(written(packet));
    }

    private static ByteBuf packet(String body) {
        ByteBuf out = Unpooled.buffer();
        out.writeInt(body.length() + 4).writeCharSequence(body, StandardCharsets.ISO_8859_1);
        return out;
    }

    @Test
    void ssl_request() {
        assertThat(hex(new SslRequest())).isEqualTo("0000000804d2162f");
        assertThat(StartupPacket.read(written(new SslRequest()))).isEqualTo(new SslRequest());
    }

    @Test
    void gssenc_request() {
        assertThat(hex(new GssEncRequest())).isEqualTo("0000000804d21630");
        assertThat(StartupPacket.read(written(new GssEncRequest()))).isEqualTo(new GssEncRequest());
    }

    @Test
    void cancel_request_with_a_key_of_any_length() {
        var request = new CancelRequest(7, new byte[] {1, 2, 3, 4, 5});
        assertThat(hex(request)).isEqualTo("0000001104d2162e000000070102030405");
        assertThat(StartupPacket.read(written(request))).isInstanceOfSatisfying(CancelRequest.class, read -> {
            assertThat(read.processId()).isEqualTo(7);
            assertThat(read.secretKey()).containsExactly(1, 2, 3, 4, 5);
        });
        assertThatThrownBy(() -> StartupPacket.read(written(new CancelRequest(7, new byte[257]))))
                .isInstanceOf(ProtocolViolationException.class);
        assertThatThrownBy(() -> StartupPacket.read(written(new CancelRequest(7, new byte[0]))))
                .isInstanceOf(ProtocolViolationException.class);
    }

    @Test
    void startup_message_keeps_the_order_of_its_parameters() {
        var parameters = new LinkedHashMap<String, String>();
        parameters.put("user", "é");
        parameters.put("options", "-c a=b");
        var message = new StartupMessage(3, 2, parameters, StandardCharsets.UTF_8);
        assertThat(StartupPacket.read(written(message))).isEqualTo(message);
        assertThat(written(message).getInt(4)).isEqualTo(196610);
    }

    @Test
    void bytes_that_are_not_UTF_8_are_written_as_they_came() {
        ByteBuf latin1 = packet("\0\3\0\0user\0\351\0\0");
        ByteBuf copy = latin1.copy();
        assertThat(written(StartupPacket.read(latin1))).isEqualTo(copy);
    }

    @Test
    void a_startup_message_must_end_where_its_list_ends() {
        assertThatThrownBy(() -> StartupPacket.read(packet("\0\3\0\0user\0a\0"))).isInstanceOf(ProtocolViolationException.class);
        assertThatThrownBy(() -> StartupPacket.read(packet("\0\3\0\0user\0a\0\0x"))).isInstanceOf(ProtocolViolationException.class);
    }

    @Test
    void of_other_versions_only_the_number_is_read() {
        assertThat(StartupPacket.read(packet("\0\2\0\0whatever"))).isInstanceOfSatisfying(StartupMessage.class, message -> {
            assertThat(message.major()).isEqualTo(2);
            assertThat(message.parameters()).isEmpty();
        });
    }
}
