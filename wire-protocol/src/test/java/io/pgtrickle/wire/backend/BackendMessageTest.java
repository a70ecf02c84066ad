// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.wire.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.pgtrickle.wire.backend.BackendMessage.AuthenticationData;
import io.pgtrickle.wire.backend.BackendMessage.BackendKeyData;
import io.pgtrickle.wire.backend.BackendMessage.CommandComplete;
import io.pgtrickle.wire.backend.BackendMessage.DataRow;
import io.pgtrickle.wire.backend.BackendMessage.NegotiateProtocolVersion;
import io.pgtrickle.wire.backend.BackendMessage.ParameterDescription;
import io.pgtrickle.wire.backend.BackendMessage.ParameterStatus;
import io.pgtrickle.wire.backend.BackendMessage.ReadyForQuery;
import io.pgtrickle.wire.backend.BackendMessage.RowDescription;
import io.pgtrickle.wire.backend.BackendMessage.Signal;
import io.pgtrickle.wire.codec.ProtocolViolationException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Each message against its bytes as the PostgreSQL manual lays them out. */
class BackendMessageTest {

    private static ByteBuf written(BackendMessage message) {
        ByteBuf out = Unpooled.buffer();
        message.write(out, StandardCharsets.UTF_8);
        return out;
    }

    private static String bytes(BackendMessage message) {
        return written(message).toString(StandardCharsets.ISO_8859_1);
    }

    @Test
    void authentication() {
        assertThat(bytes(AuthenticationData.ok())).isEqualTo("R\0\0\0\010\0\0\0\0");
        assertThat(AuthenticationData.read(written(new AuthenticationData(new byte[] {0, 0, 0, 5, 1}))).body())
                .containsExactly(0, 0, 0, 5, 1);
    }

    @Test
    void backend_key_data_of_any_length() {
        assertThat(bytes(new BackendKeyData(7, new byte[] {1, 2, 3, 4}))).isEqualTo("K\0\0\0\014\0\0\0\7\1\2\3\4");
        BackendKeyData read = BackendKeyData.read(written(new BackendKeyData(7, new byte[32])));
        assertThat(read.processId()).isEqualTo(7);
        assertThat(read.secretKey()).hasSize(32);
    }

    @Test
    void negotiate_protocol_version() {
        var message = new NegotiateProtocolVersion(196610, List.of("_pq_.a"));
        assertThat(bytes(message)).isEqualTo("v\0\0\0\023\0\3\0\2\0\0\0\1_pq_.a\0");
        assertThat(NegotiateProtocolVersion.read(written(message), StandardCharsets.UTF_8)).isEqualTo(message);
    }

    @Test
    void parameter_status() {
        var message = new ParameterStatus("a", "é");
        assertThat(bytes(message)).isEqualTo("S\0\0\0\011a\0\303\251\0");
        assertThat(ParameterStatus.read(written(message), StandardCharsets.UTF_8)).isEqualTo(message);
    }

    @Test
    void ready_for_query() {
        assertThat(bytes(new ReadyForQuery('T'))).isEqualTo("Z\0\0\0\5T");
        assertThat(ReadyForQuery.read(written(new ReadyForQuery('E')))).isEqualTo(new ReadyForQuery('E'));
    }

    @Test
    void command_complete() {
        assertThat(bytes(new CommandComplete("SELECT 1"))).isEqualTo("C\0\0\0\rSELECT 1\0");
        assertThat(CommandComplete.read(written(new CommandComplete("DO")), StandardCharsets.UTF_8)).isEqualTo(new CommandComplete("DO"));
    }

    @Test
    void data_row() {
        var message = new DataRow(Arrays.asList(new byte[] {'a', 'b'}, null, new byte[0]));
        assertThat(bytes(message)).isEqualTo("D\0\0\0\024\0\3\0\0\0\2ab\377\377\377\377\0\0\0\0");
        List<byte[]> read = DataRow.read(written(message)).values();
        assertThat(read.get(0)).containsExactly('a', 'b');
        assertThat(read.get(1)).isNull();
        assertThat(read.get(2)).isEmpty();
    }

    @Test
    void row_description() {
        var message = new RowDescription(List.of(RowDescription.Column.computed("c", 25, -1)));
        assertThat(bytes(message))
                .isEqualTo("T\0\0\0\032\0\1c\0\0\0\0\0\0\0\0\0\0\031\377\377\377\377\377\377\0\0");
        assertThat(RowDescription.read(written(message), StandardCharsets.UTF_8)).isEqualTo(message);
    }

    @Test
    void parameter_description() {
        var message = new ParameterDescription(List.of(23, 25));
        assertThat(bytes(message)).isEqualTo("t\0\0\0\016\0\2\0\0\0\027\0\0\0\031");
        assertThat(ParameterDescription.read(written(message))).isEqualTo(message);
    }

    @Test
    void messages_without_a_body() {
        assertThat(Arrays.stream(Signal.values()).map(BackendMessageTest::bytes))
                .containsExactly(
                        "1\0\0\0\4", "2\0\0\0\4", "3\0\0\0\4", "n\0\0\0\4", "s\0\0\0\4", "I\0\0\0\4");
        for (Signal signal : Signal.values()) {
            assertThat(Signal.of(written(signal).getByte(0))).isEqualTo(signal);
        }
        assertThatThrownBy(() -> Signal.of((byte) 'T')).isInstanceOf(ProtocolViolationException.class);
    }

    @Test
    void errors_keep_fields_they_do_not_know() {
        var fields = new LinkedHashMap<Character, String>();
        fields.put('S', "FEHLER");
        fields.put('V', "ERROR");
        fields.put('C', "42601");
        fields.put('M', "é");
        fields.put('w', "future");
        var report = new Report(true, fields);
        assertThat(bytes(report)).isEqualTo("E\0\0\0\047SFEHLER\0VERROR\0C42601\0M\303\251\0wfuture\0\0");
        assertThat(Report.read(written(report), StandardCharsets.UTF_8)).isEqualTo(report);
        assertThat(report.isFatal()).isFalse();
        assertThat(report.without(Set.of('w', 'M')).fields()).containsOnlyKeys('S', 'V', 'C');
        assertThat(report.with('P', "3").field('P')).contains("3");
    }

    @Test
    void notices_have_another_type() {
        var notice = new Report(false, new LinkedHashMap<>());
        assertThat(bytes(notice)).isEqualTo("N\0\0\0\5\0");
        assertThat(Report.read(written(notice), StandardCharsets.UTF_8)).isEqualTo(notice);
    }

    @Test
    void a_fatal_error_says_so_in_both_severity_fields() {
        Report fatal = Report.fatal("08P01", "no");
        assertThat(fatal.isFatal()).isTrue();
        assertThat(fatal.fields()).containsEntry('S', "FATAL").containsEntry('V', "FATAL").containsEntry('C', "08P01");
    }
}
