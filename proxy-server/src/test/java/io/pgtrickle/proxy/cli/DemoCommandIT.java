// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoCommandIT {

    private static final Pattern SUMMARY =
            Pattern.compile("(\\d+) transactions committed, \\d+ rolled back; (\\d+) self-checks, (\\d+) failed");

    @TempDir
    private Path directory;

    @Test
    void every_stream_table_of_the_demo_equals_its_query_while_the_shop_changes_also_when_the_data_are_from_an_earlier_run() {
        String first = demo();
        String second = demo();

        assertThat(first).contains("Loading the shop");
        assertThat(second).doesNotContain("Loading the shop").contains("The shop is here from the last run");
        assertThat(directory.resolve("view.svg")).content().contains("country_revenue");
    }

    private String demo() {
        StringWriter said = new StringWriter();
        int exitCode = Main.commandLine()
                .setOut(new PrintWriter(said))
                .execute(
                        "demo", "--seconds", "5", "--listen", "127.0.0.1:0", "--data", directory.resolve("data").toString(),
                        "--picture", directory.resolve("view.svg").toString());
        assertThat(exitCode).describedAs(said.toString()).isZero();
        Matcher summary = SUMMARY.matcher(said.toString());
        assertThat(summary.find()).describedAs(said.toString()).isTrue();
        assertThat(Integer.parseInt(summary.group(1))).isPositive();
        assertThat(Integer.parseInt(summary.group(2))).isGreaterThanOrEqualTo(5);
        assertThat(summary.group(3)).isEqualTo("0");
        return said.toString();
    }
}
