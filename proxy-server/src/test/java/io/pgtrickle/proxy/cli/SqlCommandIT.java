// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.pgtrickle.suite.TestPostgres;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
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

    @TempDir
    private Path directory;

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
    void a_file_may_hold_bodies_with_semicolons() throws IOException {
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

    private Result script(String text, String... arguments) throws IOException {
        Path file = directory.resolve("copy.sql");
        Files.writeString(file, text);
        List<String> all = new ArrayList<>(List.of(arguments));
        all.add(file.toString());
        return sql(all.toArray(String[]::new));
    }

    @Test
    void copy_data_stand_in_the_script_and_go_where_rows_go() throws IOException {
        Result result = script(
                """
                CREATE TEMP TABLE t (i int, s text);
                COPY t (i, s) FROM STDIN; SELECT count(*) FROM t;
                1\tone
                2\t\\N
                \\.
                copy t from stdin with (format csv);
                """
                        + "3,\"two\r\nlines; é\"\r\n" + """
                \\.
                COPY (SELECT i, 'to stdin' FROM t ORDER BY i) TO STDOUT;
                SELECT convert_to(s, 'UTF8') AS s FROM t WHERE i = 3
                """);

        assertThat(result.err()).isEmpty();
        assertThat(result.out())
                .startsWith("CREATE TABLE\nCOPY 2\n count \n-------\n     2 \n(1 row)\n\nCOPY 1\n1\tto stdin\n2\tto stdin\n3\tto stdin\n")
                .contains("\\x74776f0d0a6c696e65733b20c3a9");
        assertThat(result.exitCode()).isZero();
    }

    @Test
    void copy_data_without_an_end_end_with_the_script() throws IOException {
        assertThat(script("CREATE TEMP TABLE t (i int);\nCOPY t FROM STDIN;\n1\n2").out()).isEqualTo("CREATE TABLE\nCOPY 2\n");
    }

    @Test
    void copy_data_that_are_refused_are_not_taken_for_statements() throws IOException {
        Result nowhere = script("COPY nosuch FROM STDIN;\n1\n\\.\nSELECT 'still here';\n", "--keep-going");
        assertThat(nowhere.err()).isEqualTo("ERROR:  42P01: relation \"nosuch\" does not exist\n");
        assertThat(nowhere.out()).contains("still here");
        assertThat(nowhere.exitCode()).isEqualTo(1);

        Result wrong = script("CREATE TEMP TABLE t (i int);\nCOPY t FROM STDIN;\none\ntwo\n\\.\nSELECT 'still here';\n", "--keep-going");
        assertThat(wrong.err()).startsWith("ERROR:  22P02: invalid input syntax for type integer: \"one\"\nCONTEXT:  COPY t, line 1");
        assertThat(wrong.out()).contains("still here");

        assertThat(script("COPY pg_am TO STDOUT (FORMAT binary)").err()).isEqualTo("ERROR:  binary COPY data are not supported here; use psql\n");
        assertThat(script("COPY pg_am TO '/nonexistent/x'").err()).startsWith("ERROR:  58P01: could not open file");
    }

    @Test
    void commands_of_psql_are_told_from_sql() throws IOException {
        Result result = script("SELECT 1;\n\\d t\nSELECT 2;\n", "--keep-going");
        assertThat(result.err()).startsWith("ERROR:  invalid command \\d t\nHINT:  Commands that begin with a backslash are psql's");
        assertThat(result.out()).contains("        2 \n");
        assertThat(result.exitCode()).isEqualTo(1);

        assertThat(sql("-c", "\\dt").err()).startsWith("ERROR:  invalid command \\dt\nHINT:  ");
        assertThat(sql("-c", "SELECT 1 \\gset").err()).contains("syntax error at or near \"\\\"", "HINT:  Commands that begin with a backslash");
    }

    @Test
    void what_cannot_be_read_is_named_before_anything_is_run() throws IOException {
        Result missing = sql(directory.resolve("nosuch.sql").toString());
        assertThat(missing.err()).contains("there is no file " + directory.resolve("nosuch.sql"));
        assertThat(missing.exitCode()).isEqualTo(2);

        Path latin1 = directory.resolve("latin1.sql");
        Files.write(latin1, "SELECT 'é';\n".getBytes(StandardCharsets.ISO_8859_1));
        Result unreadable = sql(latin1.toString());
        assertThat(unreadable.err()).isEqualTo("pgtrickle: the SQL to run is not UTF-8 text\n");
        assertThat(unreadable.exitCode()).isEqualTo(2);

        assertThat(sql("-c", "SELECT 1", latin1.toString()).err()).contains("--command and a file exclude each other");
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
