// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.conversation;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.pgtrickle.wire.codec.Frames;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import io.pgtrickle.wire.frontend.FrontendMessage.Close;
import io.pgtrickle.wire.frontend.FrontendMessage.CopyFail;
import io.pgtrickle.wire.frontend.FrontendMessage.Describe;
import io.pgtrickle.wire.frontend.FrontendMessage.Execute;
import io.pgtrickle.wire.frontend.FrontendMessage.Flush;
import io.pgtrickle.wire.frontend.FrontendMessage.Parse;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import io.pgtrickle.wire.frontend.FrontendMessage.Sync;
import io.pgtrickle.wire.frontend.FrontendMessage.Target;
import io.pgtrickle.wire.frontend.FrontendType;
import io.pgtrickle.wire.frontend.StartupPacket.CancelRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is none of our business arrives as from PostgreSQL itself, byte for byte. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PassthroughIT {

    private Proxy proxy;

    @BeforeAll
    void start() {
        proxy = new Proxy();
    }

    @AfterAll
    void stop() {
        proxy.close();
    }

    @ParameterizedTest
    @MethodSource("io.pgtrickle.proxy.conversation.Conversation#all")
    void the_same_bytes_as_without_the_proxy(Conversation conversation) {
        try (RawClient direct = proxy.direct();
                RawClient through = proxy.client()) {
            List<String> expected = conversation.talk().apply(direct);
            assertThat(conversation.talk().apply(through)).isEqualTo(expected);
            assertThat(through.query("SELECT 'still here'")).contains("D still here");
        }
    }

    @Test
    void startup_parameters_reach_the_server() {
        Map<String, String> parameters = Map.of(
                "application_name", "app", "options", "-c work_mem=5MB", "DateStyle", "German", "search_path", "a,b");
        try (RawClient direct = RawClient.connect(proxy.server, proxy.database, 0, parameters);
                RawClient through = RawClient.connect(proxy.address, proxy.database, 0, parameters)) {
            for (String name : List.of("application_name", "work_mem", "DateStyle", "search_path")) {
                assertThat(through.query("SHOW " + name)).isEqualTo(direct.query("SHOW " + name));
            }
        }
    }

    @Test
    void the_server_judges_startup_parameters_databases_and_roles() {
        for (Map<String, String> bad : List.of(
                Map.of("nonsense", "1"), Map.of("work_mem", "x"), Map.of("user", "nobody"), Map.of("database", "nowhere"))) {
            var direct = new RawClient(proxy.server);
            var through = new RawClient(proxy.address);
            direct.start(proxy.database, 0, bad);
            through.start(proxy.database, 0, bad);
            assertThat(through.until("end")).isEqualTo(direct.until("end"));
        }
    }

    @Test
    void the_greeting_is_the_servers_in_both_protocol_versions() {
        for (int minor : List.of(0, 2)) {
            var direct = new RawClient(proxy.server);
            var through = new RawClient(proxy.address);
            direct.start(proxy.database, minor, Map.of());
            through.start(proxy.database, minor, Map.of());
            assertThat(through.untilReady()).isEqualTo(direct.untilReady()).contains(minor == 0 ? "K 4" : "K 32");
            assertThat(through.query("SELECT pg_backend_pid()")).contains("D " + through.processId());
            direct.close();
            through.close();
        }
    }

    @Test
    void other_versions_and_options_are_negotiated() {
        Predicate<String> negotiation = line -> line.startsWith("v");
        for (int minor : List.of(1, 3, 9999)) {
            try (var client = new RawClient(proxy.address)) {
                client.start(proxy.database, minor, Map.of("_pq_.a", "1", "_pq_.b", ""));
                List<String> greeting = client.untilReady();
                assertThat(greeting.getFirst()).as("first of all").matches(negotiation);
                assertThat(greeting).contains(minor == 1 ? "K 4" : "K 32", "Z I").filteredOn(negotiation).hasSize(1);
            }
        }
    }

    @Test
    void notifications_come_to_an_idle_client() {
        try (RawClient listener = proxy.client();
                RawClient notifier = proxy.client()) {
            listener.query("LISTEN news");
            notifier.query("NOTIFY news, 'hello'");
            assertThat(listener.until("A")).hasSize(1);
            assertThat(listener.query("NOTIFY news")).hasSize(3).contains("C NOTIFY", "Z I");
        }
    }

    // Cancelling.

    private void cancel(int processId, byte[] key) {
        try (var canceller = new RawClient(proxy.address)) {
            canceller.send(new CancelRequest(processId, key));
            assertThat(canceller.readByte()).as("closed when it is done").isEqualTo(-1);
        }
    }

    private void untilBusy(RawClient client) throws InterruptedException {
        try (RawClient observer = proxy.direct()) {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            String state = "SELECT wait_event FROM pg_stat_activity WHERE pid = " + client.processId();
            while (!observer.query(state).contains("D PgSleep")) {
                assertThat(System.nanoTime()).isLessThan(deadline);
                TimeUnit.MILLISECONDS.sleep(5);
            }
        }
    }

    @Test
    void a_running_query_is_cancelled_with_the_clients_own_key() throws Exception {
        for (int minor : List.of(0, 2)) {
            try (RawClient client = RawClient.connect(proxy.address, proxy.database, minor, Map.of())) {
                client.send(new Query("SELECT pg_sleep(60)"));
                untilBusy(client);
                cancel(client.processId(), client.key());
                assertThat(client.untilReady())
                        .contains("E ERROR 57014 canceling statement due to user request", "Z I");
            }
        }
    }

    @Test
    void a_cancel_request_with_a_wrong_key_or_for_an_idle_client_hits_nobody() throws Exception {
        try (RawClient busy = proxy.client();
                RawClient idle = proxy.client()) {
            busy.send(new Query("SELECT 'slept' FROM pg_sleep(1)"));
            untilBusy(busy);
            byte[] wrong = busy.key().clone();
            wrong[0] ^= 1;
            cancel(busy.processId(), wrong);
            cancel(busy.processId() + 1, busy.key());
            cancel(busy.processId(), new byte[32]);
            cancel(idle.processId(), idle.key());
            assertThat(idle.query("SELECT 1")).contains("D 1");
            assertThat(busy.untilReady()).contains("D slept");
        }
    }
}
