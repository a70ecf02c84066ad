// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.conversation;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.pgtrickle.wire.frontend.FrontendMessage.Bind;
import io.pgtrickle.wire.frontend.FrontendMessage.Execute;
import io.pgtrickle.wire.frontend.FrontendMessage.Parse;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Messages of many megabytes pass in slices; whoever does not read makes the other side wait, and the proxy's memory stays small. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LargeMessagesIT {

    private static final long MEGABYTE = 1 << 20;
    /** What buffers of two connections may hold, with room for the allocator's chunks. */
    private static final long SMALL = 16 * MEGABYTE;

    private Proxy proxy;

    @BeforeAll
    void start() {
        proxy = new Proxy();
    }

    @AfterAll
    void stop() {
        proxy.close();
    }

    private static long bufferMemory() {
        var metric = ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT).metric();
        return metric.usedDirectMemory() + metric.usedHeapMemory();
    }

    /** Waits until a backend of the database is in this wait event. */
    private void untilWaiting(String event) throws InterruptedException {
        try (RawClient observer = proxy.direct()) {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (!observer.query("SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = '"
                            + event + "'").contains("D t")) {
                assertThat(System.nanoTime()).as(event).isLessThan(deadline);
                TimeUnit.MILLISECONDS.sleep(5);
            }
        }
    }

    @Test
    void a_query_of_20_megabytes() {
        try (RawClient client = proxy.client()) {
            assertThat(client.query("SELECT length('" + "x".repeat(20_000_000) + "')")).contains("D 20000000", "Z I");
        }
    }

    @Test
    void statements_too_long_to_be_looked_at_are_PostgreSQLs() {
        String filler = "/*" + "x".repeat(1 << 20) + "*/";
        String command = filler + "CREATE MATERIALIZED VIEW v WITH (pgtrickle.stream = true) AS SELECT 1";
        try (RawClient client = proxy.client()) {
            assertThat(client.query(command)).containsExactly("E ERROR 22023 unrecognized parameter namespace \"pgtrickle\"", "Z I");
            assertThat(client.pipeline(
                            new Parse("", "REFRESH MATERIALIZED VIEW v", List.of()),
                            new Parse("", filler + "SELECT 1", List.of()),
                            Bind.ofText("", "", List.of(), StandardCharsets.UTF_8),
                            new Execute("", 0)))
                    .containsExactly("1", "1", "2", "D 1", "C SELECT 1", "Z I");
        }
    }

    @Test
    void a_parameter_of_10_megabytes() {
        try (RawClient client = proxy.client()) {
            assertThat(client.pipeline(
                            new Parse("", "SELECT length($1::text)", List.of()),
                            Bind.ofText("", "", List.of("x".repeat(10_000_000)), StandardCharsets.UTF_8),
                            new Execute("", 0)))
                    .containsExactly("1", "2", "D 10000000", "C SELECT 1", "Z I");
        }
    }

    @Test
    void a_row_of_50_megabytes_to_a_client_that_takes_its_time() throws InterruptedException {
        try (RawClient client = proxy.client()) {
            client.query("SELECT 1");
            long before = bufferMemory();
            client.send(new Query("SELECT repeat('x', 50000000)"));
            untilWaiting("ClientWrite");
            assertThat(bufferMemory() - before).isLessThan(SMALL);
            List<String> lines = client.untilReady();
            assertThat(lines.get(1)).hasSize("D ".length() + 50_000_000);
            assertThat(bufferMemory() - before).isLessThan(SMALL);
        }
    }

    @Test
    void a_copy_of_200_megabytes_to_a_client_that_does_not_read() throws InterruptedException {
        try (RawClient client = proxy.client()) {
            long before = bufferMemory();
            client.send(new Query("COPY (SELECT repeat('x', 999999) FROM generate_series(1, 200)) TO STDOUT"));
            untilWaiting("ClientWrite");
            assertThat(bufferMemory() - before).isLessThan(SMALL);
            long bytes = 0;
            for (byte[] frame = client.frame(); frame[0] != 'Z'; frame = client.frame()) {
                bytes += frame[0] == 'd' ? frame.length - 5 : 0;
            }
            assertThat(bytes).isEqualTo(200_000_000);
            assertThat(bufferMemory() - before).isLessThan(SMALL);
        }
    }

    @Test
    void a_copy_to_a_server_that_does_not_read() throws Exception {
        try (RawClient holder = proxy.client();
                RawClient client = proxy.client()) {
            holder.query("SELECT pg_advisory_lock(1)");
            client.query("""
                    CREATE TABLE t (a text);
                    CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
                        'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';
                    CREATE TRIGGER w BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION wait();
                    """);
            long before = bufferMemory();
            client.send(new Query("COPY t FROM STDIN"));
            client.until("G");
            var sent = new AtomicLong();
            String line = "x".repeat(99_999) + "\n";
            Thread sender = Thread.ofVirtual().start(() -> {
                for (int i = 0; i < 1_000; i++) {
                    client.sendCopyData(line);
                    sent.addAndGet(line.length());
                }
                client.sendCopyDone();
            });
            untilWaiting("advisory");
            for (long last = -1; sent.get() != last; ) {
                last = sent.get();
                TimeUnit.MILLISECONDS.sleep(300);
            }
            assertThat(sent.get()).as("the sender was made to wait").isLessThan(50 * MEGABYTE);
            assertThat(bufferMemory() - before).isLessThan(SMALL);
            holder.query("SELECT pg_advisory_unlock(1)");
            sender.join();
            assertThat(client.untilReady()).containsExactly("C COPY 0", "Z I");
            assertThat(bufferMemory() - before).isLessThan(SMALL);
        }
    }

    @Test
    void a_client_that_sends_megabytes_without_reading_does_not_block_itself() throws Exception {
        try (RawClient client = proxy.client()) {
            int count = 2_000;
            Thread sender = Thread.ofVirtual().start(() -> {
                for (int i = 0; i < count; i++) {
                    client.send(new Query("SELECT '" + "x".repeat(10_000) + "'"));
                }
            });
            for (int i = 0; i < count; i++) {
                assertThat(client.untilReady()).hasSize(4);
            }
            sender.join();
        }
    }
}
