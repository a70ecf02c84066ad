// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pgtrickle.proxy.bench.ChangeRate;
import io.pgtrickle.proxy.bench.Scenario;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchCommandIT {

    @TempDir
    private Path directory;

    @Test
    void a_quick_run_measures_everything_finds_everything_equal_and_writes_it_down() throws IOException {
        Path json = directory.resolve("bench.json");
        StringWriter said = new StringWriter();

        int exitCode = Main.commandLine()
                .setOut(new PrintWriter(said))
                .execute("bench", "--quick", "--data", directory.resolve("data").toString(), "--json", json.toString());

        assertThat(exitCode).isZero();
        JsonNode report = new ObjectMapper().readTree(json.toFile());
        assertThat(report.path("allEqual").asBoolean()).isTrue();
        assertThat(report.path("environment").path("postgres").asText()).startsWith("18");
        assertThat(cells(report)).hasSize(Scenario.values().length * ChangeRate.values().length);
        for (JsonNode cell : report.path("matrix")) {
            assertThat(List.of("refreshMs", "concurrentlyMs", "handWrittenMs", "streamTableMs", "timesTheHandWritten", "timesFasterThanRefresh", "timesFasterThanConcurrently"))
                    .allSatisfy(time -> assertThat(cell.path(time).asDouble()).describedAs(time).isPositive());
        }
        assertThat(report.path("latencies")).hasSize(3);
        assertThat(report.path("commitToVisible").path("commits").asInt()).isEqualTo(3);
        assertThat(said.toString()).contains("join_agg", "SELECT 1, simple", "From commit to visible");
    }

    private static Set<String> cells(JsonNode report) {
        Set<String> cells = new HashSet<>();
        report.path("matrix").forEach(cell -> cells.add(cell.path("scenario").asText() + " " + cell.path("change").asText()));
        return cells;
    }
}
