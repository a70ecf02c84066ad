// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.TestPostgres;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
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
    void an_address_in_use_is_named() throws Exception {
        TestPostgres server = TestPostgres.shared();
        String taken = server.host() + ":" + server.port();
        try (Running run = run("--server", taken, "--user", server.user(), "--listen", taken)) {
            assertThat(run.exitCode()).isEqualTo(1);
            assertThat(run.errors()).contains("cannot listen on " + server.host() + ":" + server.port(), "--listen");
        }
    }

    @Test
    void options_that_exclude_each_other_show_the_usage() throws Exception {
        try (Running run = run("--data", directory.toString(), "--server", "localhost")) {
            assertThat(run.exitCode()).isEqualTo(2);
            assertThat(run.errors()).contains("--data and --embedded-port are for the embedded server", "Usage: pgtrickle run");
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
