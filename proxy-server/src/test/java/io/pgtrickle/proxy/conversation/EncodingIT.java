// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.conversation;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.wire.frontend.FrontendMessage;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import io.pgtrickle.wire.frontend.FrontendMessage.Execute;
import io.pgtrickle.wire.frontend.FrontendMessage.Parse;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import io.pgtrickle.wire.frontend.FrontendMessage.Sync;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Our statements in the client's encoding, and bytes that are no text in it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EncodingIT {

    private static final String CREATE = "CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true) AS SELECT '\u00e9' AS a";
    private static final String INVALID = "E ERROR 22021 invalid byte sequence for encoding \"UTF8\": 0xe9 0x27 0x20";

    private Proxy proxy;
    private RawClient client;

    @BeforeAll
    void start() {
        proxy = new Proxy();
    }

    @AfterAll
    void stop() {
        proxy.close();
    }

    @BeforeEach
    void connect() {
        client = proxy.client();
    }

    @AfterEach
    void disconnect() {
        client.query("SET client_min_messages = error");
        client.query("RESET client_encoding");
        client.query("DROP TABLE IF EXISTS v");
        client.close();
    }

    private static FrontendMessage[] prepared(String statement, String sql) {
        return new FrontendMessage[] {
            new Parse(statement, sql, List.of()), new Bind("", statement, List.of(), List.of(), List.of()), new Execute("", 0), new Sync()
        };
    }

    private List<String> created() {
        try (RawClient other = proxy.direct()) {
            return other.query("SELECT a FROM v");
        }
    }

    @Test
    void what_is_no_text_is_refused_as_by_the_server() {
        try (RawClient direct = proxy.direct()) {
            assertThat(direct.send(ISO_8859_1, new Query(CREATE)).untilReady()).containsExactly(INVALID, "Z I");
        }
        assertThat(client.send(ISO_8859_1, new Query(CREATE)).untilReady()).containsExactly(INVALID, "Z I");
        assertThat(client.send(ISO_8859_1, prepared("", CREATE)).untilReady()).containsExactly(INVALID, "Z I");
        assertThat(client.query("BEGIN")).containsExactly("C BEGIN", "Z T");
        assertThat(client.send(ISO_8859_1, new Query("SELECT 1; " + CREATE)).untilReady()).containsExactly(INVALID, "Z E");
        assertThat(client.query("ROLLBACK")).containsExactly("C ROLLBACK", "Z I");
        assertThat(created()).contains("E ERROR 42P01 relation \"v\" does not exist @15");
    }

    @Test
    void a_statement_that_is_refused_leaves_the_one_before_it() {
        assertThat(client.pipeline(new Parse("s", CREATE, List.of()))).containsExactly("1", "Z I");
        assertThat(client.send(ISO_8859_1, prepared("s", CREATE)).untilReady()).containsExactly(INVALID, "Z I");
        assertThat(client.pipeline(new Bind("", "s", List.of(), List.of(), List.of()), new Execute("", 0)))
                .containsExactly("2", "N NOTICE 00000 creating v", "C SELECT 1", "Z I");
    }

    @Test
    void statements_in_other_encodings_are_understood() {
        client.query("SET client_encoding = 'LATIN1'");
        assertThat(client.send(ISO_8859_1, new Query(CREATE)).untilReady()).containsExactly("N NOTICE 00000 creating v", "C SELECT 1", "Z I");
        assertThat(created()).contains("D \u00e9");
        client.query("DROP TABLE v");
        assertThat(client.send(ISO_8859_1, prepared("", CREATE)).untilReady())
                .containsExactly("1", "2", "N NOTICE 00000 creating v", "C SELECT 1", "Z I");
        assertThat(created()).contains("D \u00e9");
    }

    @Test
    void without_an_encoding_bytes_are_the_servers() {
        client.query("SET client_encoding = 'SQL_ASCII'");
        assertThat(client.send(ISO_8859_1, new Query(CREATE)).untilReady()).containsExactly(INVALID, "Z I");
        assertThat(client.send(UTF_8, new Query(CREATE)).untilReady()).containsExactly("N NOTICE 00000 creating v", "C SELECT 1", "Z I");
        assertThat(created()).contains("D \u00e9");
    }

    @Test
    void the_encoding_counts_that_is_set_when_a_statement_has_its_turn() {
        client.send(ISO_8859_1, new Query("SET client_encoding = 'LATIN1'"), new Query(CREATE));
        assertThat(client.untilReady()).contains("C SET");
        assertThat(client.untilReady()).containsExactly("N NOTICE 00000 creating v", "C SELECT 1", "Z I");
        assertThat(created()).contains("D \u00e9");
        client.query("DROP TABLE v");
        client.send(UTF_8, new Query("SET client_encoding = 'UTF8'"), new Query(CREATE));
        assertThat(client.untilReady()).contains("C SET");
        assertThat(client.untilReady()).containsExactly("N NOTICE 00000 creating v", "C SELECT 1", "Z I");
        assertThat(created()).contains("D \u00e9");
    }

    @Test
    void a_query_behind_an_error_in_a_pipeline_is_skipped_up_to_the_sync() {
        FrontendMessage[] pipeline = {new Parse("", "SELECT oops", List.of()), new Query(CREATE), new Sync(), new Query("SELECT 1 AS one")};
        List<String> expected = List.of("E ERROR 42703 column \"oops\" does not exist @8", "Z I");
        List<String> next = List.of("T one:23", "D 1", "C SELECT 1", "Z I");
        try (RawClient direct = proxy.direct()) {
            assertThat(direct.send(pipeline).untilReady()).isEqualTo(expected);
            assertThat(direct.untilReady()).isEqualTo(next);
        }
        assertThat(client.send(pipeline).untilReady()).isEqualTo(expected);
        assertThat(client.untilReady()).isEqualTo(next);
    }
}
