// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.proxy.conversation.Leaks;
import io.pgtrickle.proxy.conversation.RawClient;
import io.pgtrickle.proxy.embedded.EmbeddedPostgres;
import io.pgtrickle.proxy.embedded.EmbeddedPostgresOptions;
import io.pgtrickle.suite.SkipWithoutDocker;
import io.pgtrickle.wire.frontend.FrontendMessage.Query;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Many clients on few server connections, most of which do nothing and many of which go without a word. */
@ExtendWith(SkipWithoutDocker.class)
class CrowdIT {

    private static final int CROWD = 1000;
    private static final int WORKERS = 12;

    @TempDir
    private Path directory;

    @BeforeEach
    void watch() {
        Leaks.watch();
    }

    @AfterEach
    void nothing_has_leaked() {
        Leaks.assertNone();
    }

    private static RawClient client(NetLab lab) {
        return RawClient.connect(lab.address, "one", 0, Map.of("user", "postgres"));
    }

    /** Of clients and of the servers in their use; the console's own client counts as one. */
    private static boolean atRest(NetLab lab) throws SQLException {
        return lab.show("POOLS", "database", "cl_active", "cl_waiting", "sv_active", "sv_login").contains("one 0 0 0 0")
                && lab.show("LISTS", "list", "items").contains("used_clients 1");
    }

    @Test
    void a_thousand_clients_on_five_connections() throws Exception {
        try (NetLab lab = new NetLab(directory, "one = dbname=postgres", "", "pool_mode = transaction", "default_pool_size = 5", "max_client_conn = 1100")) {
            List<RawClient> crowd = new ArrayList<>();
            for (int i = 0; i < CROWD; i++) {
                crowd.add(client(lab));
            }
            for (int i = 0; i < CROWD; i += 7) {
                assertThat(crowd.get(i).query("SELECT " + i)).contains("D " + i);
            }
            assertThat(lab.show("POOLS", "database", "cl_active", "cl_waiting")).contains("one " + CROWD + " 0");
            NetLab.until(() -> lab.show("POOLS", "database", "sv_active").contains("one 0"));
            for (int i = 0; i < CROWD; i++) {
                RawClient leaving = crowd.get(i);
                switch (i % 5) {
                    case 0 -> leaving.close();
                    case 1 -> leaving.reset();
                    case 2 -> {
                        leaving.sendBytes(new byte[] {'Q', 0, 0, 1, 0, 'S'}); // amid a message
                        leaving.reset();
                    }
                    case 3 -> {
                        leaving.send(new Query("BEGIN; SELECT repeat('x', 100000)"));
                        leaving.reset();
                    }
                    default -> {
                        leaving.send(new Query("SELECT pg_sleep(0.01)"));
                        leaving.close();
                    }
                }
            }
            NetLab.until(() -> atRest(lab));
            try (RawClient late = client(lab)) {
                assertThat(late.query("SELECT 'served'")).contains("D served");
            }
            NetLab.until(() -> { // the last one to leave has given its connection back
                int idle = idleServers(lab);
                return idle >= 1 && idle <= 5;
            });
        }
    }

    private static int idleServers(NetLab lab) throws SQLException {
        return Integer.parseInt(lab.show("POOLS", "database", "sv_idle").stream()
                .filter(line -> line.startsWith("one ")).findFirst().orElseThrow().split(" ")[1]);
    }

    /** Each client writes what only it writes, in transactions of two statements, and reads it again; it may lose a transaction, never get another's. */
    @Test
    void a_server_that_crashes_and_comes_back_under_load() throws Exception {
        EmbeddedPostgresOptions options = EmbeddedPostgresOptions.durable(directory.resolve("server"));
        EmbeddedPostgres server = EmbeddedPostgres.start(options, _ -> {});
        int port = server.port();
        String database = "one = host=127.0.0.1 dbname=postgres user=" + EmbeddedPostgres.SUPERUSER + " port=" + port;
        try (NetLab lab = new NetLab(directory, database, "", "pool_mode = transaction", "default_pool_size = 4", "query_wait_timeout = 30", "server_login_retry = 1")) {
            try (Connection setup = lab.connect("one", "postgres")) {
                setup.createStatement().execute("CREATE TABLE written (worker integer, number integer)");
            }
            var stop = new AtomicBoolean();
            var wrong = new ConcurrentLinkedQueue<String>();
            List<AtomicInteger> committed = new ArrayList<>();
            List<Future<?>> workers = new ArrayList<>();
            ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
            for (int i = 0; i < WORKERS; i++) {
                var count = new AtomicInteger();
                int worker = i;
                committed.add(count);
                workers.add(threads.submit((Callable<@Nullable Void>) () -> {
                    work(lab, worker, count, stop, wrong);
                    return null;
                }));
            }
            int most = 0;
            for (int crash = 0; crash < 3; crash++) {
                int before = most;
                NetLab.until(() -> committed.stream().allMatch(count -> count.get() > before + 5));
                kill(options.directory().resolve("data"));
                server.close();
                server = EmbeddedPostgres.start(options.onPort(port), _ -> {});
                most = committed.stream().mapToInt(AtomicInteger::get).max().orElse(0);
            }
            int before = most;
            NetLab.until(() -> committed.stream().allMatch(count -> count.get() > before));
            stop.set(true);
            for (Future<?> worker : workers) {
                worker.get();
            }
            threads.close();
            assertThat(wrong).isEmpty();
            try (Connection check = lab.connect("one", "postgres")) {
                for (int i = 0; i < WORKERS; i++) {
                    int kept = Integer.parseInt(NetLab.query(check, "SELECT count(DISTINCT number) FROM written WHERE worker = " + i).getFirst());
                    assertThat(kept).as("what worker %d was told is committed", i).isGreaterThanOrEqualTo(committed.get(i).get());
                }
            }
            NetLab.until(() -> atRest(lab));
        } finally {
            server.close();
        }
    }

    private static void work(NetLab lab, int worker, AtomicInteger committed, AtomicBoolean stop, ConcurrentLinkedQueue<String> wrong) throws Exception {
        int number = 0;
        while (!stop.get()) {
            try (Connection connection = lab.connect("one", "postgres")) {
                connection.createStatement().execute("SET statement_timeout = " + (100_001 + worker));
                connection.setAutoCommit(false);
                try (PreparedStatement insert = connection.prepareStatement("INSERT INTO written VALUES (?, ?)");
                        PreparedStatement read = connection.prepareStatement(
                                "SELECT worker, current_setting('statement_timeout') FROM written WHERE worker = ? AND number = ?")) {
                    while (!stop.get()) {
                        insert.setInt(1, worker);
                        insert.setInt(2, number++);
                        insert.executeUpdate();
                        read.setInt(1, worker);
                        read.setInt(2, number - 1);
                        try (ResultSet rows = read.executeQuery()) {
                            if (!rows.next() || rows.getInt(1) != worker || !rows.getString(2).equals((100_001 + worker) + "ms")) {
                                wrong.add("worker " + worker + " at " + number);
                            }
                        }
                        connection.commit();
                        committed.incrementAndGet();
                    }
                }
            } catch (SQLException e) {
                Thread.sleep(20); // the server is away; it begins again
            }
        }
    }

    private static void kill(Path data) throws Exception {
        long pid = Long.parseLong(Files.readAllLines(data.resolve("postmaster.pid")).getFirst());
        ProcessHandle postmaster = ProcessHandle.of(pid).orElseThrow();
        postmaster.destroyForcibly();
        postmaster.onExit().join();
    }
}
