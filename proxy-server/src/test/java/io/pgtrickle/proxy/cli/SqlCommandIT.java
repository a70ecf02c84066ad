// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.TestPostgres;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class SqlCommandIT {

    private static final TestPostgres SERVER = TestPostgres.shared();

    private static String database = "";

    private record Result(int exitCode, String out, String err) {}

    @BeforeAll
    static void createDatabase() {
        database = SERVER.createDatabase();
    }

    @Test
    void rows_are_shown_as_a_table_with_their_number() {
        Result result = sql("-c", "SELECT 1 AS id, 'one' AS word UNION ALL SELECT 22, NULL ORDER BY 1");

        assertThat(result.out())
                .isEqualTo(
                        """
                         id | word\s
                        ----+------
                          1 | one \s
                         22 |     \s
                        (2 rows)

                        """);
        assertThat(result.exitCode()).isZero();
    }

    @Test
    void command_tags_are_shown_and_rows_without_columns_are_counted() {
        Result result = sql("-c", "CREATE TEMP TABLE t (i int)", "-c", "INSERT INTO t VALUES (1), (2); SELECT FROM t; BEGIN; COMMIT");

        assertThat(result.out()).isEqualTo("CREATE TABLE\nINSERT 0 2\n(2 rows)\n\nBEGIN\nCOMMIT\n");
    }

    @Test
    void an_error_is_shown_as_the_server_tells_it_and_ends_the_script() {
        Result result = sql("-c", "SELECT 1;\nSELECT *,\n  nosuch FROM pg_class; SELECT 3");

        assertThat(result.err())
                .isEqualTo(
                        """
                        ERROR:  42703: column "nosuch" does not exist
                        LINE 2:   nosuch FROM pg_class
                                  ^
                        """);
        assertThat(result.out()).doesNotContain("3");
        assertThat(result.exitCode()).isEqualTo(1);
    }

    @Test
    void with_keep_going_the_rest_is_run_and_the_exit_code_still_tells() {
        Result result = sql("--keep-going", "-c", "SELECT nosuch; SELECT 'still here'");

        assertThat(result.out()).contains("still here");
        assertThat(result.exitCode()).isEqualTo(1);
    }

    @Test
    void notices_come_with_detail_and_hint() {
        Result result = sql("-c", "DO $$BEGIN RAISE WARNING 'careful; %', 1 USING DETAIL = 'why', HINT = 'what'; END$$");

        assertThat(result.err()).startsWith("WARNING:  careful; 1\nDETAIL:  why\nHINT:  what\n");
        assertThat(result.out()).isEqualTo("DO\n");
        assertThat(result.exitCode()).isZero();
    }

    @Test
    void a_file_may_hold_bodies_with_semicolons(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("script.sql");
        Files.writeString(
                file,
                """
                -- a comment; with a semicolon
                CREATE FUNCTION two() RETURNS int LANGUAGE plpgsql AS $f$BEGIN RETURN 1 + 1; END$f$;
                SELECT two(), 'a;b' AS "semi;colon";
                """);

        Result result = sql(file.toString());

        assertThat(result.out()).contains("CREATE FUNCTION", "  2 | a;b", "semi;colon");
        assertThat(result.exitCode()).isZero();
    }

    @Test
    void without_a_server_the_message_says_where_it_looked() {
        StringWriter err = new StringWriter();
        int exitCode = Main.commandLine().setErr(new PrintWriter(err)).execute("sql", "-p", "1", "-c", "SELECT 1");

        assertThat(err.toString()).startsWith("pgtrickle: no connection to 127.0.0.1:1");
        assertThat(exitCode).isEqualTo(2);
    }

    private static Result sql(String... arguments) {
        List<String> all = new ArrayList<>(
                List.of("sql", "-h", SERVER.host(), "-p", "" + SERVER.port(), "-U", SERVER.user(), "-d", database));
        all.addAll(List.of(arguments));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine commandLine = Main.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        int exitCode = commandLine.execute(all.toArray(String[]::new));
        return new Result(exitCode, out.toString(), err.toString());
    }
}
