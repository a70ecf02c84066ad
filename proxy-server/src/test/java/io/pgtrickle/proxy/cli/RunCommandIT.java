// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.channel.epoll.Epoll;
import io.pgtrickle.suite.TestPostgres;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command as people run it: in a process of its own. */
class RunCommandIT {

    private static final Pattern READY = Pattern.compile("ready postgresql://(?:postgres@)?(?:127\\.0\\.0\\.1|localhost):(\\d+)/(?:postgres)?");
    private static final int TERMINATED = 128 + 15;

    @TempDir
    private Path directory;

    @Test
    void says_ready_serves_clients_and_ends_cleanly_on_sigterm() throws Exception {
        Path data = directory.resolve("data");
        try (Running run = run("--data", data.toString(), "--listen", "127.0.0.1:0")) {
            int port = run.readyPort();
            execute(port, "CREATE TABLE t AS SELECT 42 AS answer");

            assertThat(run.terminate()).isEqualTo(TERMINATED);
            assertThat(run.restOfOutput()).as("nothing but the ready line on standard output").isEmpty();
        }
        assertThat(data.resolve("data/postmaster.pid")).doesNotExist();

        try (Running again = run("--data", data.toString(), "--listen", "127.0.0.1:0")) {
            assertThat(query(again.readyPort(), "postgres", "SELECT answer FROM t")).isEqualTo("42");
        }
    }

    @Test
    void after_a_kill_the_next_run_starts_on_the_same_data() throws Exception {
        Path data = directory.resolve("data");
        try (Running run = run("--data", data.toString(), "--listen", "127.0.0.1:0")) {
            execute(run.readyPort(), "CREATE TABLE t AS SELECT 42 AS answer");
            run.kill();
        }
        try (Running again = run("--data", data.toString(), "--listen", "127.0.0.1:0")) {
            assertThat(query(again.readyPort(), "postgres", "SELECT answer FROM t")).isEqualTo("42");
        }
    }

    @Test
    void an_embedded_server_that_trusts_a_network_says_so() throws Exception {
        try (Running run = run("--data", directory.resolve("data").toString(), "--listen", "*:0")) {
            assertThat(query(run.readyPort(), "postgres", "SELECT 42")).isEqualTo("42");
            assertThat(run.errors()).contains("whoever can reach *:0 may log in as any role without a password");
        }
    }

    @Test
    void stands_in_front_of_a_server_that_runs_already() throws Exception {
        TestPostgres server = TestPostgres.shared();
        String database = server.createDatabase();
        try (Running run = run("--server", server.host() + ":" + server.port(), "--user", server.user(), "--listen", "127.0.0.1:0")) {
            assertThat(query(run.readyPort(), database, "SELECT current_database()")).isEqualTo(database);
        }
    }

    @Test
    void sigterm_waits_for_clients_and_a_second_one_does_not() throws Exception {
        TestPostgres server = TestPostgres.shared();
        String database = server.createDatabase();
        try (Running run = run("--server", server.host() + ":" + server.port(), "--user", server.user(), "--listen", "127.0.0.1:0")) {
            int port = run.readyPort();
            try (Connection client = connect(port, database);
                    Statement statement = client.createStatement()) {
                run.process().toHandle().destroy();
                awaitRefusal(port, database);
                assertThat(statement.execute("SELECT 1")).isTrue();
            }
            assertThat(run.exitCode()).isEqualTo(TERMINATED);
        }
        try (Running run = run("--server", server.host() + ":" + server.port(), "--user", server.user(), "--listen", "127.0.0.1:0");
                Connection client = connect(run.readyPort(), database)) {
            run.process().toHandle().destroy();
            awaitRefusal(Integer.parseInt(client.getMetaData().getURL().replaceAll(".*:(\\d+)/.*", "$1")), database);
            assertThat(run.terminate()).isEqualTo(TERMINATED);
        }
    }

    private static final long HANGUP = 1;
    private static final long INTERRUPT = 1 << 1;

    /** As bits, from signal 1 on; a program's children inherit them (proc(5)). 0 where the system does not tell. */
    private static long ignoredSignals() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.isReadable(status)) {
            return 0;
        }
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .mapToLong(line -> Long.parseUnsignedLong(line.substring("SigIgn:".length()).strip(), 16))
                .findFirst()
                .orElse(0);
    }

    @Test
    void sigint_waits_for_server_connections_and_sighup_reads_the_file() throws Exception {
        assumeThat(ignoredSignals() & (HANGUP | INTERRUPT)).as("whoever has started the tests ignores SIGHUP or SIGINT, as nohup does, and so do they").isZero();
        TestPostgres server = TestPostgres.shared();
        Path users = Files.writeString(directory.resolve("users.txt"), "\"postgres\" \"\"\n\"boss\" \"\"\n");
        String settings = """
                [databases]
                * = host=%s port=%d
                [pgbouncer]
                listen_addr = 127.0.0.1
                listen_port = 0
                auth_type = trust
                auth_file = %s
                admin_users = boss
                pool_mode = transaction
                default_pool_size = %%s
                """.formatted(server.host(), server.port(), users);
        Path file = Files.writeString(directory.resolve("proxy.ini"), settings.formatted("3"));
        try (Running run = run("--config", file.toString(), "--user", server.user())) {
            int port = run.readyPort();
            Files.writeString(file, settings.formatted("4"));
            run.signal("HUP");
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (poolSize(port) != 4) {
                assertThat(System.nanoTime() - deadline).as("the file is not read").isNegative();
                Thread.sleep(20);
            }
            Files.writeString(file, settings.formatted("many"));
            run.signal("HUP");
            run.awaitError("the configuration stays as it was: " + file + ":10: default_pool_size = many: must be a whole number");
            try (Connection boss = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/pgbouncer", "boss", "");
                    Connection client = connect(port, "postgres");
                    Statement statement = client.createStatement()) {
                assertThat(boss.isValid(1)).isTrue();
                assertThat(poolSize(port)).isEqualTo(4);
                client.setAutoCommit(false);
                statement.execute("SELECT 1");
                run.signal("INT");
                awaitRefusal(port, "postgres");
                statement.execute("SELECT 1");
                client.commit();
                assertThat(run.exitCode()).isEqualTo(128 + 2);
            }
        }
    }

    @Test
    void the_console_ends_the_process() throws Exception {
        TestPostgres server = TestPostgres.shared();
        Path users = Files.writeString(directory.resolve("users.txt"), "\"boss\" \"\"\n");
        Path file = Files.writeString(directory.resolve("proxy.ini"), """
                [databases]
                * = host=%s port=%d
                [pgbouncer]
                listen_port = 0
                auth_type = trust
                auth_file = %s
                admin_users = boss
                """.formatted(server.host(), server.port(), users));
        try (Running run = run("--config", file.toString(), "--user", server.user());
                Connection boss = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + run.readyPort() + "/pgbouncer", "boss", "");
                Statement console = boss.createStatement()) {
            console.execute("SHUTDOWN");
            assertThat(run.exitCode()).isZero();
        }
    }

    @Test
    void the_files_of_a_service() throws Exception {
        TestPostgres server = TestPostgres.shared();
        Path pid = directory.resolve("proxy.pid");
        Path log = directory.resolve("proxy.log");
        Path file = Files.writeString(directory.resolve("proxy.ini"), """
                [databases]
                * = host=%s port=%d
                [pgbouncer]
                listen_port = 0
                auth_type = any
                pidfile = %s
                logfile = %s
                """.formatted(server.host(), server.port(), pid, log).replace("* =", "* = user=" + server.user()));
        try (Running run = run("--config", file.toString(), "--user", server.user())) {
            run.readyPort();
            assertThat(pid).hasContent(run.process().pid() + "\n");
            try (Running second = run("--config", file.toString(), "--user", server.user())) {
                assertThat(second.exitCode()).isEqualTo(1);
                assertThat(second.errors()).contains("pidfile " + pid + " exists: process " + run.process().pid() + " is running");
            }
            String good = Files.readString(file);
            Files.writeString(file, good + "max_client_conn = many\n");
            run.signal("HUP");
            run.awaitFile(log, "[" + run.process().pid() + "] ERROR RunSignals the configuration stays as it was");
            Files.move(log, directory.resolve("proxy.log.1"));
            Files.writeString(file, good);
            run.signal("HUP");
            run.awaitFile(log, "");
            Files.writeString(file, good + "max_client_conn = many\n");
            run.signal("HUP");
            run.awaitFile(log, "the configuration stays as it was");
            assertThat(run.terminate()).isEqualTo(128 + 15);
        }
        assertThat(pid).doesNotExist();
    }

    @Test
    void a_unix_socket_may_be_the_only_way_in_also_after_a_crash() throws Exception {
        assumeThat(Epoll.isAvailable()).isTrue();
        TestPostgres server = TestPostgres.shared();
        Path users = Files.writeString(directory.resolve("users.txt"), "\"postgres\" \"\"\n");
        Path sockets = Files.createDirectory(directory.resolve("sockets"));
        Path file = Files.writeString(directory.resolve("proxy.ini"), """
                [databases]
                * = host=%s port=%d
                [pgbouncer]
                listen_addr =
                unix_socket_dir = %s
                auth_type = trust
                auth_file = %s
                """.formatted(server.host(), server.port(), sockets, users));
        String ready = "ready postgresql:///?host=" + URLEncoder.encode(sockets.toString(), StandardCharsets.UTF_8) + "&port=6432";
        try (Running run = run("--config", file.toString(), "--user", server.user())) {
            assertThat(run.out().readLine()).isEqualTo(ready);
            run.kill();
        }
        assertThat(sockets).isNotEmptyDirectory();
        try (Running run = run("--config", file.toString(), "--user", server.user())) {
            assertThat(run.out().readLine()).as("errors: %s", run.errors()).isEqualTo(ready);
            try (Running second = run("--config", file.toString(), "--user", server.user())) {
                assertThat(second.exitCode()).isEqualTo(1);
                assertThat(second.errors()).contains("process " + run.process().pid() + " is running");
            }
            assertThat(run.terminate()).isEqualTo(128 + 15);
        }
        assertThat(sockets).isEmptyDirectory();
    }

    @Test
    void an_address_in_use_is_named() throws Exception {
        TestPostgres server = TestPostgres.shared();
        String taken = server.host() + ":" + server.port();
        try (Running run = run("--server", taken, "--user", server.user(), "--listen", taken)) {
            assertThat(run.exitCode()).isEqualTo(1);
            assertThat(run.errors()).contains("cannot listen on " + server.host() + ":" + server.port() + ": Address already in use", "--listen");
        }
    }

    @Test
    void options_that_exclude_each_other_show_the_usage() throws Exception {
        try (Running run = run("--data", directory.toString(), "--server", "localhost")) {
            assertThat(run.exitCode()).isEqualTo(2);
            assertThat(run.errors()).contains("--data and --embedded-port are for the embedded server", "Usage: pgtrickle run");
        }
    }

    private static void awaitRefusal(int port, String database) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (true) {
            try (Connection connection = connect(port, database)) {
                assertThat(connection.isClosed()).isFalse();
            } catch (SQLException e) {
                // who has just come when the proxy stops listening is reset, which pgjdbc calls a failed attempt
                assertThat(e.getMessage()).containsAnyOf("refused", "the proxy is shutting down", "The connection attempt failed");
                return;
            }
            assertThat(System.nanoTime() - deadline).as("still lets clients in").isNegative();
            Thread.sleep(20);
        }
    }

    private static int poolSize(int port) throws SQLException {
        try (Connection boss = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/pgbouncer", "boss", "");
                Statement console = boss.createStatement();
                ResultSet rows = console.executeQuery("SHOW CONFIG")) {
            while (rows.next()) {
                if (rows.getString("key").equals("default_pool_size")) {
                    return rows.getInt("value");
                }
            }
            return -1;
        }
    }

    private Running run(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "run"));
        command.addAll(List.of(arguments));
        Path errors = Files.createTempFile(directory, "run", ".err");
        return new Running(new ProcessBuilder(command).redirectError(errors.toFile()).start(), errors);
    }

    private static void execute(int port, String sql) throws SQLException {
        try (Connection connection = connect(port, "postgres");
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String query(int port, String database, String sql) throws SQLException {
        try (Connection connection = connect(port, database);
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            assertThat(result.next()).isTrue();
            return result.getString(1);
        }
    }

    private static Connection connect(int port, String database) throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/" + database, "postgres", "");
    }

    private record Running(Process process, BufferedReader out, Path errorFile) implements AutoCloseable {

        Running(Process process, Path errorFile) {
            this(process, new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)), errorFile);
        }

        int readyPort() throws IOException {
            String line = out.readLine();
            assertThat(line).as("the first line; errors: %s", errors()).isNotNull();
            Matcher matcher = READY.matcher(line);
            assertThat(matcher.matches()).as(line).isTrue();
            return Integer.parseInt(matcher.group(1));
        }

        String restOfOutput() throws IOException {
            return out.readAllAsString();
        }

        String errors() throws IOException {
            return Files.readString(errorFile);
        }

        int terminate() throws InterruptedException {
            process.toHandle().destroy(); // Process.destroy would close its output as well
            return exitCode();
        }

        void signal(String name) throws Exception {
            assertThat(new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid())).start().waitFor()).isZero();
        }

        void awaitError(String text) throws Exception {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (!errors().contains(text)) {
                assertThat(System.nanoTime() - deadline).as(errors()).isNegative();
                Thread.sleep(20);
            }
        }

        void awaitFile(Path file, String text) throws Exception {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (!Files.exists(file) || !Files.readString(file).contains(text)) {
                assertThat(System.nanoTime() - deadline).as(errors()).isNegative();
                Thread.sleep(20);
            }
        }

        void kill() throws InterruptedException {
            process.toHandle().destroyForcibly();
            exitCode();
        }

        int exitCode() throws InterruptedException {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("ended").isTrue();
            return process.exitValue();
        }

        @Override
        public void close() throws Exception {
            terminate();
        }
    }
}
