// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedPostgresIT {

    @TempDir
    private Path directory;

    @Test
    void data_survives_a_stop_and_settings_apply() throws SQLException {
        try (EmbeddedPostgres postgres = start(options())) {
            execute(postgres, "CREATE TABLE t AS SELECT 'kept' AS word");
        }
        try (EmbeddedPostgres postgres = start(options().with("work_mem", "5MB").with("application_name", "it's"))) {
            assertThat(query(postgres, "SELECT word FROM t")).isEqualTo("kept");
            assertThat(query(postgres, "SHOW work_mem")).isEqualTo("5MB");
            assertThat(query(postgres, "SELECT reset_val FROM pg_settings WHERE name = 'application_name'")).isNotNull();
            assertThat(query(postgres, "SHOW wal_level")).isEqualTo("logical");
            assertThat(query(postgres, "SHOW server_encoding")).isEqualTo("UTF8");
            assertThat(query(postgres, "SHOW listen_addresses")).isEqualTo("127.0.0.1");
            assertThat(query(postgres, "SHOW server_version_num")).startsWith("18");
        }
    }

    @Test
    void nothing_is_left_running_after_close() throws IOException {
        EmbeddedPostgres postgres = start(options());
        PostmasterFile server = PostmasterFile.read(data()).orElseThrow();
        assertThat(server.isAlive()).isTrue();
        CompletableFuture<ProcessHandle> end =
                ProcessHandle.of(server.pid()).orElseThrow().onExit();
        postgres.close();

        assertThat(PostmasterFile.read(data())).isEmpty();
        assertThat(end).succeedsWithin(Duration.ofSeconds(10));
    }

    @Test
    void a_second_start_on_the_same_directory_names_the_process_that_uses_it() {
        try (EmbeddedPostgres first = start(options())) {
            for (int attempt = 0; attempt < 2; attempt++) {
                assertThatThrownBy(() -> start(options()))
                        .isInstanceOf(EmbeddedPostgresException.class)
                        .hasMessageContaining("in use by another pgtrickle (process " + ProcessHandle.current().pid());
            }
            assertThat(first.port()).isPositive();
        }
    }

    @Test
    void a_port_in_use_is_named() {
        try (EmbeddedPostgres first = start(options())) {
            EmbeddedPostgresOptions second = EmbeddedPostgresOptions.volatileData(directory.resolve("second"));
            assertThatThrownBy(() -> start(second.onPort(first.port())))
                    .isInstanceOf(EmbeddedPostgresException.class)
                    .hasMessageContaining("Port " + first.port());
        }
    }

    @Test
    void a_server_that_died_without_cleaning_up_is_recovered() throws Exception {
        EmbeddedPostgres crashed = start(options().with("synchronous_commit", "on"));
        execute(crashed, "CREATE TABLE t AS SELECT 'committed' AS word");
        CompletableFuture<String> told = new CompletableFuture<>();
        crashed.onUnexpectedEnd(() -> told.complete("ended"));
        kill(PostmasterFile.read(data()).orElseThrow().pid());
        assertThat(told).succeedsWithin(Duration.ofSeconds(10));
        crashed.close();

        try (EmbeddedPostgres postgres = start(options())) {
            assertThat(query(postgres, "SELECT word FROM t")).isEqualTo("committed");
        }
    }

    @Test
    void a_stale_file_that_names_a_process_of_another_program_does_not_hinder_the_start() throws Exception {
        start(options()).close();
        long someoneElse = ProcessHandle.current().pid();
        Files.writeString(data().resolve("postmaster.pid"), someoneElse + "\n" + data() + "\n1700000000\n5432\n\n\n\n");

        try (EmbeddedPostgres postgres = start(options())) {
            assertThat(query(postgres, "SELECT 1")).isEqualTo("1");
        }
    }

    @Test
    void a_cluster_whose_creation_was_interrupted_is_created_anew() throws Exception {
        Files.createDirectories(options().directory().resolve("data.unfinished/base"));

        try (EmbeddedPostgres postgres = start(options())) {
            assertThat(query(postgres, "SELECT 1")).isEqualTo("1");
        }
    }

    @Test
    void a_bad_setting_shows_what_the_server_said() {
        assertThatThrownBy(() -> start(options().with("work_mem", "much")))
                .isInstanceOf(EmbeddedPostgresException.class)
                .hasMessageContaining("invalid value for parameter \"work_mem\": \"much\"");
    }

    @Test
    void a_cluster_of_another_version_is_refused() throws Exception {
        start(options()).close();
        Files.writeString(data().resolve("PG_VERSION"), "17\n");

        assertThatThrownBy(() -> start(options()))
                .isInstanceOf(EmbeddedPostgresException.class)
                .hasMessageContaining("was created by PostgreSQL 17");
    }

    private EmbeddedPostgresOptions options() {
        return EmbeddedPostgresOptions.volatileData(directory.resolve("it's here"));
    }

    private Path data() {
        return options().directory().resolve("data");
    }

    private static EmbeddedPostgres start(EmbeddedPostgresOptions options) {
        return EmbeddedPostgres.start(options, System.err::println);
    }

    private static void kill(long pid) throws Exception {
        ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
        process.destroyForcibly();
        process.onExit().get(10, TimeUnit.SECONDS);
    }

    private static void execute(EmbeddedPostgres postgres, String sql) throws SQLException {
        try (Connection connection = connect(postgres);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String query(EmbeddedPostgres postgres, String sql) throws SQLException {
        try (Connection connection = connect(postgres);
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery(sql)) {
            assertThat(result.next()).isTrue();
            return result.getString(1);
        }
    }

    private static Connection connect(EmbeddedPostgres postgres) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://" + EmbeddedPostgres.HOST + ":" + postgres.port() + "/postgres", EmbeddedPostgres.SUPERUSER, "");
    }
}
