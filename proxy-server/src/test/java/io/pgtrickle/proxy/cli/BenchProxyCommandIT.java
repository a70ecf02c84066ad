// SPDX-License-Identifier: Apache-2.0
package io.pgtrickle.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchProxyCommandIT {

    @TempDir
    private Path directory;

    private static boolean isOnThePath(String command) {
        return Stream.of(System.getenv("PATH").split(":")).anyMatch(place -> Files.isExecutable(Path.of(place, command)));
    }

    @Test
    void a_quick_run_measures_every_cell_and_writes_it_down() throws IOException {
        assumeTrue(isOnThePath("pgbench"), "pgbench is not installed; Debian has it in postgresql-contrib");
        Path json = directory.resolve("bench.json");
        StringWriter said = new StringWriter();

        int exitCode = Main.commandLine().setOut(new PrintWriter(said)).execute("bench", "proxy", "--quick", "--json", json.toString());

        assertThat(exitCode).isZero();
        JsonNode report = new ObjectMapper().readTree(json.toFile());
        assertThat(report.path("cells")).hasSize(7); // two workloads in three modes, and connecting
        boolean pgbouncer = !report.path("pgbouncer").isNull();
        for (JsonNode cell : report.path("cells")) {
            boolean comparable = pgbouncer && (!cell.path("mode").asText().equals("PREPARED") || cell.path("figures").has("PGBOUNCER"));
            assertThat(cell.path("timesDirect").asDouble()).isPositive();
            assertThat(cell.path("timesPgBouncer").isNull()).isEqualTo(!comparable);
            assertThat(cell.path("figures").path("PGTRICKLE").path("p99").asDouble()).isPositive();
        }
        assertThat(report.path("memory").path(0).path("heap").asLong()).isPositive();
        assertThat(said.toString()).contains("select-only", "tpcb-like", "connect and select", "heap in use");
    }
}
