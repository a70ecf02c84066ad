// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class CommandLineTest {

    private static final int WRONG_USAGE = 2;

    @TempDir
    private Path directory;

    @Test
    void the_help_lists_every_command_with_its_whole_description() {
        String help = words(Main.commandLine().getUsageMessage());

        for (CommandLine command : Main.commandLine().getSubcommands().values()) {
            String[] description = command.getCommandSpec().usageMessage().description();
            assertThat(description).as("%s: lists of commands show the first line only", command.getCommandName()).hasSize(1);
            assertThat(help).contains(command.getCommandName() + " " + words(description[0]));
        }
        assertThat(help).contains("Commands: demo ", " test Runs all tests");
    }

    @Test
    void what_the_launcher_does_itself_is_in_the_help() throws IOException {
        List<String> launchers = Files.readString(Path.of("../pgtrickle"))
                .lines()
                .filter(line -> line.matches("if \\[ \"\\$\\{1:-}\" = \\w+ ]; then"))
                .map(line -> line.replaceAll(".* = (\\w+) ].*", "$1"))
                .toList();

        assertThat(launchers).contains("test");
        assertThat(Main.commandLine().getUsageMessage().lines().map(line -> line.replaceFirst("^ {2}(\\w+) .*", "$1")))
                .containsAll(launchers);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    run --listen nosuch.invalid          | --listen          | "nosuch.invalid": there is no host "nosuch.invalid"; expected HOST:PORT
                    run --listen 127.0.0.1:99999         | --listen          | "127.0.0.1:99999": port 99999 is not between 0 and 65535; expected HOST:PORT
                    run --listen :abc                    | --listen          | ":abc": "abc" is not a port number; expected HOST:PORT
                    demo --listen 127.0.0.1:x            | --listen          | "127.0.0.1:x": "x" is not a port number; expected HOST:PORT
                    run --server db:bar                  | --server          | "db:bar": "bar" is not a port number; expected HOST:PORT
                    run --server db:0                    | --server          | "db:0": no server has port 0; expected HOST:PORT
                    run --embedded-port x                | --embedded-port   | "x" is not a whole number from 0 to 65535
                    demo --embedded-port -1              | --embedded-port   | "-1" is not a whole number from 0 to 65535
                    run --embedded-port 70000            | --embedded-port   | "70000" is not a whole number from 0 to 65535
                    run --config DIR/nosuch              | --config          | there is no file DIR/nosuch
                    run --config DIR                     | --config          | DIR is a directory; expected a file
                    run --data DIR/file                  | --data            | DIR/file: DIR/file is a file; expected a directory
                    demo --data DIR/file/deeper          | --data            | DIR/file/deeper: DIR/file is a file; expected a directory
                    demo --seconds -1                    | --seconds         | "-1" is not a whole number, 1 or more
                    demo --picture DIR/nosuch/x.svg      | --picture         | there is no directory DIR/nosuch for DIR/nosuch/x.svg
                    bench --rows 10,0                    | --rows            | "0" is not a whole number, 1 or more
                    bench --cycles none                  | --cycles          | "none" is not a whole number, 1 or more
                    bench --json DIR                     | --json            | DIR is a directory; expected a file
                    sql -p 99999                         | --port            | "99999" is not a whole number from 0 to 65535
                    """)
    void nonsense_is_refused_before_anything_starts(String command, String option, String message) throws IOException {
        Files.createFile(directory.resolve("file"));
        StringWriter err = new StringWriter();
        int exitCode = Main.commandLine().setErr(new PrintWriter(err)).execute(inDirectory(command).split(" "));

        String first = err.toString().lines().findFirst().orElse("");
        assertThat(first).startsWith("Invalid value for option '" + option + "'").contains(": " + inDirectory(message));
        assertThat(exitCode).isEqualTo(WRONG_USAGE);
    }

    private String inDirectory(String text) {
        return text.replace("DIR", directory.toString());
    }

    private static String words(String text) {
        return String.join(" ", text.strip().split("\\s+"));
    }
}
